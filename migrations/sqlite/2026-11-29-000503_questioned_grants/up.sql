-- A backup was put back: the provider may have ended or replaced these tokens since. They are renewed before anybody uses them.
ALTER TABLE oauth_grants ADD COLUMN questioned_at TIMESTAMP;
