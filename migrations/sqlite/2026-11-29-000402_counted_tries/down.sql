DROP TABLE counted_tries;
