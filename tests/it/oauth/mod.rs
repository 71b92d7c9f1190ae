pub mod links;
mod provider;
mod provider_client;
mod real_server;
