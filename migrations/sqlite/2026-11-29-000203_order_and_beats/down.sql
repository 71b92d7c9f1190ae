ALTER TABLE runs DROP COLUMN beat;
ALTER TABLE validations DROP COLUMN beat;
DROP TABLE sequences;
DROP INDEX runs_by_workspace_and_number;
DROP INDEX runs_by_number;
DROP INDEX validations_by_number;
ALTER TABLE runs DROP COLUMN number;
ALTER TABLE validations DROP COLUMN number;
