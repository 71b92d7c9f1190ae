//! The hard promises, held by the real program in a process of its own.

mod canary;
mod killed;
mod program;
mod sweep;
