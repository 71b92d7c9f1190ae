-- What a member was called before, as a JSON list: whoever is forgotten is forgotten under every name.
ALTER TABLE members ADD COLUMN earlier_names TEXT NOT NULL DEFAULT '[]';
