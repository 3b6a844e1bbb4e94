//! Comparing what a host should hold with what it holds.

pub mod align;
pub mod builtin;
pub mod generation;
pub mod layer;
pub mod owner;
pub mod report;
