DROP INDEX connections_of_connector;
DROP INDEX workspaces_by_age;
DROP TABLE connector_installs;
