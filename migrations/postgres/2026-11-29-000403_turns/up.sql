-- The head of each workspace's queue, and how much of each goes on.
CREATE INDEX validations_turns ON validations (state, workspace_id, number);
CREATE INDEX runs_turns ON runs (state, workspace_id, number);
-- What began since a piece was queued.
CREATE INDEX validations_begun ON validations (started_at, workspace_id);
CREATE INDEX runs_begun ON runs (started_at, workspace_id);
