//! Comparing what a host should hold with what it holds.

pub mod align;
pub mod builtin;
pub mod expect;
pub mod generation;
pub mod known;
pub mod layer;
pub mod observe;
pub mod owner;
pub mod page;
pub mod report;
#[cfg(test)]
mod sample;
