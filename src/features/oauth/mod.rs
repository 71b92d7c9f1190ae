//! Signing in with a provider instead of pasting credentials: the recipient goes to the provider's own page and comes back, and the
//! draft holds tokens that work.
//!
//! Why: most advertising and sales systems have no password to paste. What differs from provider to provider is data
//! ([`provider`]: the block in a connector file); what goes over the wire is in [`wire`]; the operator's apps are in [`apps`], the way
//! there and back in [`sign_ins`], and the tokens that keep connections alive in [`grants`].
//!
//! Invariants: no client secret, token, code or verifier is printed or logged; nothing here leaves by another door than the guarded
//! client, and no host in an address comes from a recipient unless it is one label of a fixed name.

pub mod apps;
pub mod grants;
pub mod sign_ins;
pub mod wire;

pub use grants::{TokenLease, attach, disconnect, is_mark, jobs, of_connection, take_renewed, values, with_tokens};
pub use sign_ins::{
    ACCOUNT_FIELD, Asked, Desk, Door, DoorKind, Handed, Leaving, LinkIsOpen, Panel, PlanError, borrowed, forget, keep,
    leave, panel, signed_in_at,
};
