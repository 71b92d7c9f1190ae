DROP TABLE sync_states;
DROP TABLE run_logs;
DROP TABLE runs;
