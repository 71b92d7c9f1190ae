//! The only way out: which addresses it takes, and that nothing goes where it must not.

mod addresses;
mod calls;
mod delivery;
mod policy;
mod spellings;
