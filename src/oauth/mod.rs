//! Signing in with a provider instead of pasting credentials: the recipient goes to the provider's own page and comes back, and the
//! draft holds tokens that work.
//!
//! Why: most advertising and sales systems have no password to paste. What differs from provider to provider is data
//! ([`provider`]: the block in a connector file); what goes over the wire is in [`wire`].
//!
//! Invariants: no client secret, token, code or verifier is printed or logged; nothing here leaves by another door than the guarded
//! client, and no host in an address comes from a recipient unless it is one label of a fixed name.

pub mod provider;
pub mod wire;
