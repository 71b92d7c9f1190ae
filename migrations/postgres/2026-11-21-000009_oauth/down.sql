ALTER TABLE setup_links DROP COLUMN purpose;
DROP TABLE oauth_uses;
DROP TABLE oauth_grants;
DROP TABLE oauth_attempts;
DROP TABLE oauth_sign_ins;
DROP TABLE oauth_apps;
