-- How often somebody has tried what protects accounts and tokens; every process counts here. A row a key, until its tries are all back.
CREATE TABLE counted_tries (
  key     TEXT PRIMARY KEY NOT NULL,
  used_to TIMESTAMP NOT NULL
);
CREATE INDEX counted_tries_by_time ON counted_tries (used_to);
