ALTER TABLE members DROP COLUMN earlier_names;
