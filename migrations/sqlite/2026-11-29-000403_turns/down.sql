DROP INDEX validations_turns;
DROP INDEX runs_turns;
DROP INDEX validations_begun;
DROP INDEX runs_begun;
