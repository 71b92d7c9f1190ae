-- Every list is read by an index that holds all of its conditions, so that a database that knows nothing of its rows yet (SQLite
-- without ANALYZE) cannot choose one that holds only the workspace and walk through everything of it.
DROP INDEX activity_by_connection;
CREATE INDEX activity_by_connection ON activity (connection_id, workspace_id, at, id);
DROP INDEX setup_links_by_connection;
CREATE INDEX setup_links_by_connection ON setup_links (connection_id, workspace_id, created_at, id);
DROP INDEX runs_by_connection;
CREATE INDEX runs_by_connection ON runs (connection_id, workspace_id, id);
CREATE INDEX runs_of_state ON runs (workspace_id, state, id);
DROP INDEX validations_by_connection;
CREATE INDEX validations_by_connection ON validations (connection_id, workspace_id, created_at, id);
DROP INDEX webhook_deliveries_by_connection;
CREATE INDEX webhook_deliveries_by_connection ON webhook_deliveries (connection_id, workspace_id, created_at, id);
DROP INDEX webhook_deliveries_by_endpoint;
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, workspace_id, created_at, id);
DROP INDEX webhook_deliveries_by_workspace;
CREATE INDEX webhook_deliveries_to_endpoints ON webhook_deliveries (workspace_id, created_at, id) WHERE endpoint_id IS NOT NULL;

-- What a sweep looks for: only what it still has to do.
DROP INDEX setup_links_by_expiry;
CREATE INDEX setup_links_to_end ON setup_links (expires_at) WHERE expiry_noted_at IS NULL AND used_at IS NULL AND revoked_at IS NULL;
DROP INDEX invite_links_to_end;
CREATE INDEX invite_links_to_end ON invite_links (expires_at) WHERE expiry_noted_at IS NULL AND used_at IS NULL AND deleted_at IS NULL;
CREATE INDEX invite_links_to_tell ON invite_links (expires_at) WHERE expiry_told_at IS NULL AND used_at IS NULL AND deleted_at IS NULL;
