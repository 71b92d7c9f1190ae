-- The streams that a validation found are kept for the next one: `found_at` is when the source was really asked for them, `found_mark` stands
-- for the connector's version and the details they were found with, and `anew` says that they are to be asked for whatever is kept.
ALTER TABLE validations ADD COLUMN found_at TIMESTAMP;
ALTER TABLE validations ADD COLUMN found_mark TEXT;
ALTER TABLE validations ADD COLUMN anew INTEGER NOT NULL DEFAULT 0;
