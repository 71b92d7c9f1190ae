DROP TABLE held_secrets;
CREATE TABLE held_secrets (
  setup_link_id TEXT NOT NULL REFERENCES setup_links (id),
  form_nonce    TEXT NOT NULL,
  sealed        BLOB NOT NULL,
  expires_at    TIMESTAMP NOT NULL,
  PRIMARY KEY (setup_link_id, form_nonce)
);
CREATE INDEX held_secrets_by_expiry ON held_secrets (expires_at);
DROP TABLE connection_words;
DROP INDEX connections_without_words;
DROP INDEX connections_of_invite_link;
DROP INDEX connections_waiting;
DROP INDEX connections_filled_in;
DROP INDEX connections_missing;
DROP INDEX connections_finalised;
DROP INDEX connections_of_connector;
DROP INDEX connections_by_age;
DROP INDEX connections_by_kind;
DROP INDEX connections_by_change;
CREATE INDEX connections_by_change ON connections (workspace_id, updated_at, id);
ALTER TABLE connections DROP COLUMN words_noted;
ALTER TABLE connections DROP COLUMN approval;
ALTER TABLE connections DROP COLUMN identity;
ALTER TABLE connections DROP COLUMN invite_link_id;
DROP TABLE invite_submissions;
DROP TABLE invite_link_words;
DROP TABLE invite_links;
