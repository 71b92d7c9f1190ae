mod form;
mod spec_compile;
mod spec_complete;
mod spec_decode;
mod spec_import;
mod spec_properties;
mod spec_rows;
mod spec_view;
