DROP INDEX setup_links_by_workspace;
CREATE INDEX setup_links_by_workspace ON setup_links (workspace_id, created_at);
DROP INDEX jobs_failed_by_age;
DROP INDEX jobs_held;
DROP INDEX webhook_deliveries_held;
DROP INDEX webhook_deliveries_turns;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, next_at);
