DROP TABLE slowed_tries;
