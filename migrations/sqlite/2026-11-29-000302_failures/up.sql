ALTER TABLE webhook_deliveries ADD COLUMN dismissed_at TIMESTAMP;
CREATE INDEX webhook_deliveries_by_outcome ON webhook_deliveries (workspace_id, state, updated_at, id);
CREATE INDEX oauth_grants_by_state ON oauth_grants (workspace_id, state, id);
CREATE INDEX oauth_grants_by_end ON oauth_grants (workspace_id, state, expires_at);
