-- What came later is told by a number. Those that are there are numbered in the order in which they were asked for.
ALTER TABLE validations ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
UPDATE validations SET number = ranked.place
FROM (SELECT id AS ranked_id, ROW_NUMBER() OVER (ORDER BY created_at, id) AS place FROM validations) AS ranked
WHERE ranked.ranked_id = validations.id;
UPDATE runs SET number = ranked.place
FROM (SELECT id AS ranked_id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM runs) AS ranked
WHERE ranked.ranked_id = runs.id;
CREATE INDEX validations_by_number ON validations (connection_id, workspace_id, number, id);
CREATE INDEX runs_by_number ON runs (connection_id, workspace_id, number, id);
CREATE INDEX runs_by_workspace_and_number ON runs (workspace_id, number);

-- The last number that was given.
CREATE TABLE sequences (
  name TEXT PRIMARY KEY NOT NULL,
  last BIGINT NOT NULL
);
INSERT INTO sequences (name, last) SELECT 'validations', MAX(number) FROM validations HAVING COUNT(*) > 0;
INSERT INTO sequences (name, last) SELECT 'runs', MAX(number) FROM runs HAVING COUNT(*) > 0;

-- Counted on by a worker that lives. `lease_until` is still written for an older version that runs beside.
ALTER TABLE validations ADD COLUMN beat BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN beat BIGINT NOT NULL DEFAULT 0;
