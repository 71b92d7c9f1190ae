//! A connection as members and programs see it: its page, its form, its API.

pub mod api;
pub mod api_change;
pub mod api_in;
pub mod api_view;
pub mod configure_pages;
pub mod configure_view;
pub mod credentials_api;
pub mod delete_pages;
pub mod host_key_api;
pub mod host_key_pages;
pub mod new_pages;
pub mod origin_view;
pub mod pages;
pub mod progress;
pub mod remove;
pub mod show_pages;
pub mod timeline;
pub mod work_view;
