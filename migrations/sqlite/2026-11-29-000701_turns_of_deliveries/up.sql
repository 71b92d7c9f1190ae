-- What waits of each workspace, and where the next workspace begins.
DROP INDEX webhook_deliveries_due;
CREATE INDEX webhook_deliveries_turns ON webhook_deliveries (state, workspace_id, next_at, id);
-- What workers hold, so that somebody notices when one has died.
CREATE INDEX webhook_deliveries_held ON webhook_deliveries (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_held ON jobs (lane) WHERE lease_until IS NOT NULL;
-- What is forgotten of jobs that were given up, and of links.
CREATE INDEX jobs_failed_by_age ON jobs (failed_at) WHERE failed_at IS NOT NULL;
DROP INDEX setup_links_by_workspace;
CREATE INDEX setup_links_by_workspace ON setup_links (workspace_id, created_at, id);
