//! Tokens that open something, secrets at rest, passwords people choose, and marks that prove a value is ours.
//!
//! Invariants: a token is stored as its SHA-256 only; a secret is stored sealed only, bound to its place; nothing here
//! prints what it holds.

pub mod exposed;
pub mod keys;
pub mod mark;
pub mod password;
pub mod password_workers;
pub mod seal;
pub mod sign;
pub mod token;

pub use keys::KeyRing;
pub use mark::Marker;
pub use password_workers::PasswordWorkers;
pub use seal::{Sealed, SealedAt};
pub use token::{PlainToken, TokenHash};
