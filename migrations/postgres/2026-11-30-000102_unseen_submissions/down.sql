ALTER TABLE connections DROP COLUMN unseen_at;
