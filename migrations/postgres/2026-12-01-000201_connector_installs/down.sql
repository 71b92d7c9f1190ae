DROP TABLE connector_installs;
