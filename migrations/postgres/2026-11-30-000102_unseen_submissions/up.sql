-- Since when something that came from outside waits to be looked at by a member; nothing when somebody has looked.
ALTER TABLE connections ADD COLUMN unseen_at TIMESTAMP;
