-- Whose turn it is when work has failed: giver, owner, operator, provider. Without a value the older column `blame` says it in fewer words;
-- an older program goes on writing only that.
ALTER TABLE validations ADD COLUMN turn TEXT;
ALTER TABLE runs ADD COLUMN turn TEXT;
