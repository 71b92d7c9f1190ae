-- `reckoned_at`: when `next_at` was worked out. A moment that lies ahead says that the clock has gone back since, so that the next time is worked
-- out again. `blocked_since` and `blocked_reason`: since when the clock starts nothing although its times come, and why.
ALTER TABLE plans ADD COLUMN reckoned_at TIMESTAMP;
ALTER TABLE plans ADD COLUMN blocked_since TIMESTAMP;
ALTER TABLE plans ADD COLUMN blocked_reason TEXT;
CREATE INDEX plans_by_clock ON plans (trigger_type, reckoned_at);
