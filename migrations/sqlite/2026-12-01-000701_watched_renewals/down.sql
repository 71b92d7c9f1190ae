ALTER TABLE oauth_grants ADD COLUMN lease_until TIMESTAMP;
