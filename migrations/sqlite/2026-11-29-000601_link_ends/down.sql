ALTER TABLE setup_links DROP COLUMN zone;
ALTER TABLE setup_links DROP COLUMN closed_reason;
ALTER TABLE setup_links DROP COLUMN closed_at;
