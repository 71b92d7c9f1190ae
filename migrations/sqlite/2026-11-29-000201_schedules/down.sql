DROP INDEX plans_by_clock;
ALTER TABLE plans DROP COLUMN blocked_reason;
ALTER TABLE plans DROP COLUMN blocked_since;
ALTER TABLE plans DROP COLUMN reckoned_at;
