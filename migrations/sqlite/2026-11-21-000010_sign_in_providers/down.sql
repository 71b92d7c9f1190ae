DROP TABLE sign_in_identities;
DROP TABLE sign_in_attempts;
DROP TABLE sign_in_providers;
