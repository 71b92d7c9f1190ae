-- How long a workspace keeps things, in days, where it has said so; without a row the product's own number counts.
CREATE TABLE retention_settings (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  kind         TEXT NOT NULL,
  days         INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, kind)
);

-- What a sweep looks for, workspace by workspace, and what is looked up when something goes that others refer to.
CREATE INDEX connections_deleted ON connections (workspace_id, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX validations_by_workspace ON validations (workspace_id, id);
CREATE INDEX validations_by_setup_link ON validations (setup_link_id);
CREATE INDEX setup_links_by_workspace ON setup_links (workspace_id, created_at);
CREATE INDEX invite_submissions_by_workspace ON invite_submissions (workspace_id, created_at);
DROP INDEX webhook_messages_by_time;
CREATE INDEX webhook_messages_by_workspace ON webhook_messages (workspace_id, created_at);
CREATE INDEX webhook_messages_by_connection ON webhook_messages (connection_id);
CREATE INDEX sync_states_by_run ON sync_states (run_id);
CREATE INDEX account_links_by_age ON account_links (workspace_id, created_at);
CREATE INDEX account_links_with_token ON account_links (expires_at) WHERE sealed_token IS NOT NULL;
