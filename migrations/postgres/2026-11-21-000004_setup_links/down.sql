DROP TABLE held_secrets;
DROP TABLE setup_links;
