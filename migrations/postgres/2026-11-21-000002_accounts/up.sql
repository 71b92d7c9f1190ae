CREATE TABLE workspaces (
  id         TEXT PRIMARY KEY NOT NULL,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  accent     TEXT NOT NULL,
  contact    TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE members (
  id            TEXT PRIMARY KEY NOT NULL,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  email         TEXT NOT NULL,
  name          TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL,
  theme         TEXT NOT NULL,
  created_at    TIMESTAMP NOT NULL,
  removed_at    TIMESTAMP
);
CREATE INDEX members_by_workspace ON members (workspace_id, name);
-- A removed member's address is free for somebody new; the row stays for what they made.
CREATE UNIQUE INDEX members_by_email ON members (email) WHERE removed_at IS NULL;

CREATE TABLE sessions (
  id           TEXT PRIMARY KEY NOT NULL,
  token_hash   BYTEA NOT NULL UNIQUE,
  member_id    TEXT NOT NULL REFERENCES members (id),
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  user_agent   TEXT NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  last_seen_at TIMESTAMP NOT NULL,
  expires_at   TIMESTAMP NOT NULL
);
CREATE INDEX sessions_by_member ON sessions (member_id, last_seen_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One-use links sent by mail: to join a workspace, or to choose a new password.
CREATE TABLE account_links (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  purpose      TEXT NOT NULL,
  email        TEXT NOT NULL,
  role         TEXT NOT NULL,
  member_id    TEXT REFERENCES members (id),
  token_hash   BYTEA NOT NULL UNIQUE,
  sealed_token BYTEA,
  created_by   TEXT REFERENCES members (id),
  created_at   TIMESTAMP NOT NULL,
  expires_at   TIMESTAMP NOT NULL,
  used_at      TIMESTAMP,
  revoked_at   TIMESTAMP
);
CREATE INDEX account_links_by_workspace ON account_links (workspace_id, purpose, created_at);

CREATE TABLE api_keys (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  name         TEXT NOT NULL,
  prefix       TEXT NOT NULL,
  key_hash     BYTEA NOT NULL UNIQUE,
  scopes       TEXT NOT NULL,
  created_by   TEXT REFERENCES members (id),
  created_at   TIMESTAMP NOT NULL,
  expires_at   TIMESTAMP,
  last_used_at TIMESTAMP,
  revoked_at   TIMESTAMP
);
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id, created_at);
