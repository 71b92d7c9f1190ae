//! Commands that need no database, run the way an operator runs them: the real program, its exit code, its two outputs, its files.

mod check_specs;
mod connectors;
mod install;
mod loaders;
mod render;
mod settings;
