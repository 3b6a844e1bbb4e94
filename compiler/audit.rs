//! Comparing what a host should hold with what it holds.

pub mod builtin;
pub mod generation;
pub mod layer;
pub mod owner;
pub mod page;
pub mod report;
#[cfg(test)]
mod sample;
