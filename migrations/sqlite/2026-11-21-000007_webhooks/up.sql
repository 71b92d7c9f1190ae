-- What signs webhooks. The newest row without an end signs; one that is to end soon signs beside it until then.
CREATE TABLE webhook_secrets (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  sealed       BLOB NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  ends_at      TIMESTAMP
);
CREATE INDEX webhook_secrets_by_workspace ON webhook_secrets (workspace_id, created_at);

-- Receivers of a whole workspace; a deleted one stays as a row, because its deliveries name it.
CREATE TABLE webhook_endpoints (
  id              TEXT PRIMARY KEY NOT NULL,
  workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
  url             TEXT NOT NULL,
  description     TEXT NOT NULL,
  events          TEXT NOT NULL,
  created_at      TIMESTAMP NOT NULL,
  disabled_at     TIMESTAMP,
  disabled_reason TEXT NOT NULL,
  deleted_at      TIMESTAMP
);
CREATE INDEX webhook_endpoints_by_workspace ON webhook_endpoints (workspace_id, created_at);

-- The one receiver a connection has for itself.
CREATE TABLE callback_webhooks (
  connection_id   TEXT PRIMARY KEY NOT NULL REFERENCES connections (id),
  workspace_id    TEXT NOT NULL REFERENCES workspaces (id),
  url             TEXT NOT NULL,
  header_name     TEXT,
  sealed_header   BLOB,
  updated_at      TIMESTAMP NOT NULL,
  disabled_at     TIMESTAMP,
  disabled_reason TEXT NOT NULL
);

-- What happened, as it is told: written in the transaction of the deed.
CREATE TABLE webhook_messages (
  id            TEXT PRIMARY KEY NOT NULL,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  connection_id TEXT REFERENCES connections (id),
  event         TEXT NOT NULL,
  payload       TEXT NOT NULL,
  created_at    TIMESTAMP NOT NULL
);
CREATE INDEX webhook_messages_by_time ON webhook_messages (created_at);

-- One message on its way to one receiver: an endpoint, or without one the connection's callback webhook.
CREATE TABLE webhook_deliveries (
  id            TEXT PRIMARY KEY NOT NULL,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  message_id    TEXT NOT NULL REFERENCES webhook_messages (id),
  connection_id TEXT REFERENCES connections (id),
  endpoint_id   TEXT REFERENCES webhook_endpoints (id),
  event         TEXT NOT NULL,
  url           TEXT NOT NULL,
  host          TEXT NOT NULL,
  state         TEXT NOT NULL,
  attempts      INTEGER NOT NULL,
  step          INTEGER NOT NULL,
  next_at       TIMESTAMP,
  lease_until   TIMESTAMP,
  created_at    TIMESTAMP NOT NULL,
  updated_at    TIMESTAMP NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, next_at);
CREATE INDEX webhook_deliveries_by_connection ON webhook_deliveries (connection_id, created_at);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, created_at);
CREATE INDEX webhook_deliveries_by_message ON webhook_deliveries (message_id);
CREATE INDEX webhook_deliveries_by_workspace ON webhook_deliveries (workspace_id, created_at);

-- One try of a delivery and what came of it.
CREATE TABLE webhook_attempts (
  id          TEXT PRIMARY KEY NOT NULL,
  delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id),
  number      INTEGER NOT NULL,
  at          TIMESTAMP NOT NULL,
  status      INTEGER,
  failure     TEXT,
  millis      INTEGER NOT NULL,
  answer      TEXT NOT NULL
);
CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (delivery_id, number);
