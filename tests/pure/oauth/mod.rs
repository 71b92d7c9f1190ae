mod provider;
mod provider_client;
