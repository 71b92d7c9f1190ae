//! Choosing streams and finishing a source.

pub mod api_in;
pub mod field_pages;
pub mod finalise;
pub mod finish_pages;
pub mod pages;
pub mod table_view;
