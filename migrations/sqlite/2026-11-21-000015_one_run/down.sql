DROP INDEX runs_one_at_a_time;
