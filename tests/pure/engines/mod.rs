//! Connectors that are run: programs that behave and programs that do not, real databases, web services.

mod airbyte;
mod http;
mod mapped;
mod misbehaving;
mod postgres;
mod real;
