-- A link without an end has one in the year 9999, so that "still open" is one comparison everywhere.
-- A deleted link stays as a row: whoever opens it later is told that it was deleted.
CREATE TABLE invite_links (
  id               TEXT PRIMARY KEY NOT NULL,
  workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
  name             TEXT NOT NULL,
  sort_name        BYTEA NOT NULL,
  kind             TEXT NOT NULL,
  connector_slug   TEXT NOT NULL,
  usage            TEXT NOT NULL,
  wants_approval   INTEGER NOT NULL,
  cap              INTEGER,
  note             TEXT NOT NULL,
  greeting         TEXT NOT NULL,
  zone             TEXT NOT NULL,
  token_hash       BYTEA NOT NULL UNIQUE,
  sealed_token     BYTEA,
  created_by       TEXT REFERENCES members (id),
  create_nonce     TEXT UNIQUE,
  created_at       TIMESTAMP NOT NULL,
  active_at        TIMESTAMP NOT NULL,
  expires_at       TIMESTAMP NOT NULL,
  used_at          TIMESTAMP,
  deleted_at       TIMESTAMP,
  last_used_at     TIMESTAMP,
  submission_count INTEGER NOT NULL,
  connection_count INTEGER NOT NULL,
  expiry_noted_at  TIMESTAMP,
  expiry_told_at   TIMESTAMP,
  busy_told_at     TIMESTAMP
);
CREATE INDEX invite_links_by_age ON invite_links (workspace_id, id);
CREATE INDEX invite_links_by_name ON invite_links (workspace_id, sort_name, id);
CREATE INDEX invite_links_by_end ON invite_links (workspace_id, expires_at, id);
CREATE INDEX invite_links_by_use ON invite_links (workspace_id, active_at, id);
CREATE INDEX invite_links_by_count ON invite_links (workspace_id, connection_count, id);
CREATE INDEX invite_links_by_connector ON invite_links (workspace_id, kind, connector_slug, id);
CREATE INDEX invite_links_used ON invite_links (workspace_id, id) WHERE used_at IS NOT NULL;
CREATE INDEX invite_links_deleted ON invite_links (workspace_id, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX invite_links_to_end ON invite_links (expires_at, expiry_noted_at);

-- The words of a link's name and connector, as bytes, so that both databases order them alike.
CREATE TABLE invite_link_words (
  workspace_id   TEXT NOT NULL,
  word           BYTEA NOT NULL,
  invite_link_id TEXT NOT NULL REFERENCES invite_links (id),
  PRIMARY KEY (workspace_id, word, invite_link_id)
);
CREATE INDEX invite_link_words_of ON invite_link_words (invite_link_id);

-- What was handed over with a link: names of fields, never values.
CREATE TABLE invite_submissions (
  id               TEXT PRIMARY KEY NOT NULL,
  workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
  invite_link_id   TEXT NOT NULL REFERENCES invite_links (id),
  form_nonce       TEXT NOT NULL,
  receipt_hash     BYTEA NOT NULL UNIQUE,
  receipt          TEXT NOT NULL,
  identity         TEXT NOT NULL,
  submitted_fields TEXT NOT NULL,
  empty_fields     TEXT NOT NULL,
  connection_count INTEGER NOT NULL,
  created_at       TIMESTAMP NOT NULL,
  UNIQUE (invite_link_id, form_nonce)
);
CREATE INDEX invite_submissions_by_link ON invite_submissions (invite_link_id, created_at);

-- Where a connection came from, who authorised it, and whether a member has to accept it.
ALTER TABLE connections ADD COLUMN invite_link_id TEXT;
ALTER TABLE connections ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN approval TEXT NOT NULL DEFAULT 'none';
ALTER TABLE connections ADD COLUMN words_noted INTEGER NOT NULL DEFAULT 0;
DROP INDEX connections_by_change;
CREATE INDEX connections_by_change ON connections (workspace_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_by_kind ON connections (workspace_id, kind, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_by_age ON connections (workspace_id, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_of_connector ON connections (workspace_id, kind, connector_slug, id) WHERE deleted_at IS NULL;
CREATE INDEX connections_finalised ON connections (workspace_id, updated_at, id) WHERE deleted_at IS NULL AND finalised_at IS NOT NULL;
CREATE INDEX connections_missing ON connections (workspace_id, updated_at, id) WHERE deleted_at IS NULL AND finalised_at IS NULL AND missing_count > 0;
CREATE INDEX connections_filled_in ON connections (workspace_id, updated_at, id) WHERE deleted_at IS NULL AND finalised_at IS NULL AND missing_count = 0;
CREATE INDEX connections_waiting ON connections (workspace_id, updated_at, id) WHERE deleted_at IS NULL AND approval = 'waiting';
CREATE INDEX connections_of_invite_link ON connections (invite_link_id, id);
CREATE INDEX connections_without_words ON connections (id) WHERE words_noted = 0;

CREATE TABLE connection_words (
  workspace_id  TEXT NOT NULL,
  word          BYTEA NOT NULL,
  connection_id TEXT NOT NULL REFERENCES connections (id),
  PRIMARY KEY (workspace_id, word, connection_id)
);
CREATE INDEX connection_words_of ON connection_words (connection_id);

-- Held for half an hour at most; from now on for links of either kind.
DROP TABLE held_secrets;
CREATE TABLE held_secrets (
  link_id    TEXT NOT NULL,
  form_nonce TEXT NOT NULL,
  sealed     BYTEA NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  PRIMARY KEY (link_id, form_nonce)
);
CREATE INDEX held_secrets_by_expiry ON held_secrets (expires_at);
