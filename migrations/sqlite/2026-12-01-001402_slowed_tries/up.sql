-- Tries that wait the longer the more of them were wrong; a key is a keyed digest.
CREATE TABLE slowed_tries (
    key TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    next_at TIMESTAMP NOT NULL,
    forgotten_at TIMESTAMP NOT NULL
);
CREATE INDEX slowed_tries_to_forget ON slowed_tries (forgotten_at);
