DROP INDEX oauth_grants_held;
ALTER TABLE oauth_grants ADD COLUMN lease_until TIMESTAMP;
