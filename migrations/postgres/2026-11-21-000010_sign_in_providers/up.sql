-- A workspace's own identity provider (OpenID Connect), at most one.
CREATE TABLE sign_in_providers (
  id                   TEXT PRIMARY KEY NOT NULL,
  workspace_id         TEXT NOT NULL UNIQUE REFERENCES workspaces (id),
  label                TEXT NOT NULL,
  issuer               TEXT NOT NULL,
  client_id            TEXT NOT NULL,
  sealed_client_secret BYTEA,
  domains              TEXT NOT NULL,
  newcomers            TEXT NOT NULL,
  revision             TEXT NOT NULL,
  created_at           TIMESTAMP NOT NULL,
  tested_at            TIMESTAMP,
  passwords_off_at     TIMESTAMP
);

-- Somebody who was sent to the provider and is not back yet.
CREATE TABLE sign_in_attempts (
  id            TEXT PRIMARY KEY NOT NULL,
  state_hash    BYTEA NOT NULL UNIQUE,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  revision      TEXT NOT NULL,
  browser_hash  BYTEA NOT NULL,
  tester        TEXT REFERENCES members (id),
  sealed_secret BYTEA NOT NULL,
  wanted        TEXT NOT NULL,
  expires_at    TIMESTAMP NOT NULL
);
CREATE INDEX sign_in_attempts_by_expiry ON sign_in_attempts (expires_at);

-- Which person of the provider is which member.
CREATE TABLE sign_in_identities (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  member_id    TEXT NOT NULL REFERENCES members (id),
  created_at   TIMESTAMP NOT NULL,
  last_used_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX sign_in_identities_by_subject ON sign_in_identities (workspace_id, issuer, subject);
CREATE UNIQUE INDEX sign_in_identities_by_member ON sign_in_identities (workspace_id, issuer, member_id);
