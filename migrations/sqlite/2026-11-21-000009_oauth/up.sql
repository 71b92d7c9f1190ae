-- What a provider knows this installation as: one client of a workspace's own at each provider.
CREATE TABLE oauth_apps (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  provider     TEXT NOT NULL,
  client_id    TEXT NOT NULL,
  sealed       BLOB NOT NULL,
  version      BIGINT NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  updated_at   TIMESTAMP NOT NULL,
  UNIQUE (workspace_id, provider)
);

-- What one browser has at one link between "Continue" and "Send": what was typed, and what the provider said. Deleted when it is sent.
CREATE TABLE oauth_sign_ins (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  door         TEXT NOT NULL,
  door_id      TEXT NOT NULL,
  browser_hash BLOB NOT NULL,
  sealed       BLOB NOT NULL,
  version      BIGINT NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  expires_at   TIMESTAMP NOT NULL,
  UNIQUE (door, door_id, browser_hash)
);
CREATE INDEX oauth_sign_ins_by_expiry ON oauth_sign_ins (expires_at);

-- One way to a provider and back. Its state is spent by one conditional UPDATE.
CREATE TABLE oauth_attempts (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  sign_in_id   TEXT NOT NULL,
  provider     TEXT NOT NULL,
  state_hash   BLOB NOT NULL UNIQUE,
  browser_hash BLOB NOT NULL,
  sealed       BLOB NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  expires_at   TIMESTAMP NOT NULL,
  consumed_at  TIMESTAMP
);
CREATE INDEX oauth_attempts_by_expiry ON oauth_attempts (expires_at);
CREATE INDEX oauth_attempts_by_sign_in ON oauth_attempts (sign_in_id);

-- What a provider gave: several connections may live on one grant.
CREATE TABLE oauth_grants (
  id             TEXT PRIMARY KEY NOT NULL,
  workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
  kind           TEXT NOT NULL,
  connector_slug TEXT NOT NULL,
  provider       TEXT NOT NULL,
  identity_id    TEXT NOT NULL,
  identity_label TEXT NOT NULL,
  scopes         TEXT NOT NULL,
  sealed         BLOB NOT NULL,
  state          TEXT NOT NULL,
  version        BIGINT NOT NULL,
  obtained_at    TIMESTAMP NOT NULL,
  expires_at     TIMESTAMP,
  ends_at        TIMESTAMP,
  refresh_at     TIMESTAMP,
  refreshed_at   TIMESTAMP,
  lease_until    TIMESTAMP,
  lease          TEXT,
  told_at        TIMESTAMP
);
CREATE INDEX oauth_grants_by_refresh ON oauth_grants (state, refresh_at);

-- Which connection lives on which grant, and which accounts were chosen for it.
CREATE TABLE oauth_uses (
  connection_id TEXT PRIMARY KEY NOT NULL REFERENCES connections (id),
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  grant_id      TEXT NOT NULL REFERENCES oauth_grants (id),
  accounts      TEXT NOT NULL,
  created_at    TIMESTAMP NOT NULL
);
CREATE INDEX oauth_uses_by_grant ON oauth_uses (grant_id);

-- What a setup link is for: to fill in a draft, or to sign in again for a connection that lost its access.
ALTER TABLE setup_links ADD COLUMN purpose TEXT NOT NULL DEFAULT 'fill';
