DROP INDEX oauth_grants_by_end;
DROP INDEX oauth_grants_by_state;
DROP INDEX webhook_deliveries_by_outcome;
ALTER TABLE webhook_deliveries DROP COLUMN dismissed_at;
