DROP INDEX workspaces_by_age;
DROP TABLE connector_installs;
