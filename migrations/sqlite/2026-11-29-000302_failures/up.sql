ALTER TABLE webhook_deliveries ADD COLUMN dismissed_at TIMESTAMP;
CREATE INDEX webhook_deliveries_by_outcome ON webhook_deliveries (workspace_id, state, updated_at);
CREATE INDEX oauth_grants_by_workspace ON oauth_grants (workspace_id, state);
