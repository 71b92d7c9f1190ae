-- Why a link ended that nobody deleted or withdrew: a backup was put back.
ALTER TABLE invite_links ADD COLUMN closed_reason TEXT;
ALTER TABLE account_links ADD COLUMN closed_reason TEXT;
