ALTER TABLE setup_links DROP COLUMN allows_test;
DROP TABLE plans;
DROP TABLE validation_logs;
DROP TABLE validations;
