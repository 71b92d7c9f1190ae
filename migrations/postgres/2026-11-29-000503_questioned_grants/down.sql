ALTER TABLE oauth_grants DROP COLUMN questioned_at;
