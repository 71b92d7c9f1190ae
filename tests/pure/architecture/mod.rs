//! The rules of the house, held by reading it: who may name whom, how long things may get, what may not be written.

pub mod files;
mod house;
mod imports;
mod map;
mod names;
mod paths;
mod scanner;
mod secrets;
mod sizes;
mod words;
