CREATE TABLE setup_links (
  id               TEXT PRIMARY KEY NOT NULL,
  workspace_id     TEXT NOT NULL REFERENCES workspaces (id),
  connection_id    TEXT NOT NULL REFERENCES connections (id),
  token_hash       BLOB NOT NULL UNIQUE,
  created_by       TEXT REFERENCES members (id),
  create_nonce     TEXT UNIQUE,
  recipient        TEXT NOT NULL,
  note             TEXT NOT NULL,
  created_at       TIMESTAMP NOT NULL,
  expires_at       TIMESTAMP NOT NULL,
  used_at          TIMESTAMP,
  revoked_at       TIMESTAMP,
  expiry_noted_at  TIMESTAMP,
  form_nonce       TEXT,
  receipt_hash     BLOB UNIQUE,
  receipt          TEXT,
  submitted_fields TEXT,
  empty_fields     TEXT
);
CREATE INDEX setup_links_by_connection ON setup_links (connection_id, created_at);
CREATE INDEX setup_links_by_expiry ON setup_links (expires_at, expiry_noted_at);

-- Secrets typed in a submission that failed its checks: sealed, short-lived, deleted on redeem, expiry and close.
CREATE TABLE held_secrets (
  setup_link_id TEXT NOT NULL REFERENCES setup_links (id),
  form_nonce    TEXT NOT NULL,
  sealed        BLOB NOT NULL,
  expires_at    TIMESTAMP NOT NULL,
  PRIMARY KEY (setup_link_id, form_nonce)
);
CREATE INDEX held_secrets_by_expiry ON held_secrets (expires_at);
