mod provider;
mod wire;
