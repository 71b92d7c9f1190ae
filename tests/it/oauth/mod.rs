mod custom;
pub mod links;
mod real_server;
