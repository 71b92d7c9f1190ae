pub mod links;
mod provider;
mod real_server;
mod wire;
