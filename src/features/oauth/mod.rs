//! Signing in with a provider instead of pasting credentials: the recipient goes to the provider's own page and comes back, and the
//! draft holds tokens that work.
//!
//! Why: most advertising and sales systems have no password to paste. What differs from provider to provider is data
//! ([`crate::connectors::provider`]: the block in a connector file); what is said to it and back is in [`provider_client`]; the
//! operator's apps are in [`apps`], the way there and back in [`sign_ins`], and the tokens that keep connections alive in [`grants`].
//!
//! Invariants: no client secret, token, code or verifier is printed or logged; nothing here leaves but by the guarded client, and no
//! host in an address comes from a recipient unless it is one label of a fixed name.

pub mod apps;
pub mod grants;
pub mod provider_client;
pub mod sign_ins;

pub use grants::{TokenLease, attach, disconnect, is_mark, jobs, of_connection, take_renewed, values, with_tokens};
pub use sign_ins::{
    ACCOUNT_FIELD, Asked, AuthorizeForm, CompletedSignIn, LinkIsOpen, LinkKind, LinkRef, LinkSignIn, Panel, PlanError,
    answers_only, authorize, borrowed, forget, keep, panel, signed_in_at, with_sign_in,
};
