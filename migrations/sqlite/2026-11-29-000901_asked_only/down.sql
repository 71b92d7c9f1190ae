-- What was not asked is no success in an older program either.
SELECT 1;
