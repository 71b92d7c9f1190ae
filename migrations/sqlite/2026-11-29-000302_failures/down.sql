DROP INDEX oauth_grants_by_workspace;
DROP INDEX webhook_deliveries_by_outcome;
ALTER TABLE webhook_deliveries DROP COLUMN dismissed_at;
