DROP INDEX invite_links_open_of_maker;
DROP INDEX setup_links_open_of_maker;
