-- What somebody has made and still works is asked for when they leave.
CREATE INDEX setup_links_open_of_maker ON setup_links (created_by, created_at, id) WHERE used_at IS NULL AND revoked_at IS NULL AND closed_at IS NULL AND expiry_noted_at IS NULL;
CREATE INDEX invite_links_open_of_maker ON invite_links (created_by, created_at) WHERE used_at IS NULL AND deleted_at IS NULL;
