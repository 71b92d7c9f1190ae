pub mod links;
mod provider;
mod wire;
