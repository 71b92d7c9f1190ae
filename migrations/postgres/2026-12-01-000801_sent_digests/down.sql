ALTER TABLE setup_links DROP COLUMN form_digest;
ALTER TABLE invite_submissions DROP COLUMN form_digest;
