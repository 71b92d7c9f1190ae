-- A link ends with its draft, and its row says so. Links of drafts that have ended before get the end they had.
ALTER TABLE setup_links ADD COLUMN closed_at TIMESTAMP;
ALTER TABLE setup_links ADD COLUMN closed_reason TEXT;
-- The time zone in which a link's end was chosen.
ALTER TABLE setup_links ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
UPDATE setup_links
   SET closed_reason = 'finished',
       closed_at = (SELECT finalised_at FROM connections WHERE connections.id = setup_links.connection_id)
 WHERE used_at IS NULL AND revoked_at IS NULL AND purpose = 'fill'
   AND connection_id IN (SELECT id FROM connections WHERE finalised_at < setup_links.expires_at);
UPDATE setup_links
   SET closed_reason = 'deleted',
       closed_at = (SELECT deleted_at FROM connections WHERE connections.id = setup_links.connection_id)
 WHERE used_at IS NULL AND revoked_at IS NULL AND closed_at IS NULL
   AND connection_id IN (SELECT id FROM connections WHERE deleted_at < setup_links.expires_at);
