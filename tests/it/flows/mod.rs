//! The hard promises, held by the real program in a process of its own.

mod address;
mod away;
mod busy;
mod canary;
mod killed;
mod old_forms;
mod program;
mod rotation;
mod sign_in;
mod sweep;
