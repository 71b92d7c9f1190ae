DROP TABLE api_keys;
DROP TABLE account_links;
DROP TABLE sessions;
DROP TABLE members;
DROP TABLE workspaces;
