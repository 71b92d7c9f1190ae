-- A keyed digest of what a form sent, beside its nonce: the same form with other content is no repetition.
ALTER TABLE setup_links ADD COLUMN form_digest TEXT;
ALTER TABLE invite_submissions ADD COLUMN form_digest TEXT;
