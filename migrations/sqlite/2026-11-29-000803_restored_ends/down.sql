ALTER TABLE account_links DROP COLUMN closed_reason;
ALTER TABLE invite_links DROP COLUMN closed_reason;
