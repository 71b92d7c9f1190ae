-- What the position of each stream is a position of: digests of settings, keys, output and table (JSON). Without it a position is of before
-- that was noted, and taken for one of what is configured when it is used next.
ALTER TABLE sync_states ADD COLUMN fingerprints TEXT;
