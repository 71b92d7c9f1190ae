-- Answers to requests that carried an Idempotency-Key. They may hold a token, so they are sealed; they are kept for a day.
CREATE TABLE idempotency_keys (
  id            TEXT PRIMARY KEY NOT NULL,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  api_key_id    TEXT NOT NULL REFERENCES api_keys (id),
  key_hash      BYTEA NOT NULL,
  request_hash  BYTEA NOT NULL,
  lease_until   TIMESTAMP NOT NULL,
  sealed_answer BYTEA,
  expires_at    TIMESTAMP NOT NULL,
  UNIQUE (api_key_id, key_hash)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
