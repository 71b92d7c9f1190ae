-- What the installation itself remembers: the key check and the claim of the first run.
CREATE TABLE instance (
  name  TEXT PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
);
