-- Who writes to a destination, and what was written to it, is asked by its page and before it is deleted.
CREATE INDEX plans_by_output ON plans (workspace_id, output_layer, connection_id);
CREATE INDEX runs_by_output ON runs (workspace_id, output_layer, number);
