DROP INDEX runs_by_output;
DROP INDEX plans_by_output;
