ALTER TABLE sync_states DROP COLUMN fingerprints;
