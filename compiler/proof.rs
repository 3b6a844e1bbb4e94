//! What rulesets mean: whether two of them treat every packet alike, and if not, which packet shows
//! it.
//!
//! A [`Ruleset`](crate::firewall::Ruleset) becomes a [`program`]: what its rules ask, as
//! [`question`]s about the fields of a packet, and what they do. [`chain`] and [`hook`] turn a
//! program into decision [`diagram`]s over the [`space`] of all packets, in which equal meaning is
//! an equal number; [`compare`] lays two of them side by side, and [`walk`] follows one packet.
//!
//! What is not understood is a free yes or no that both sides share if they ask it in the same
//! words, so *equal* holds whatever the answer is. What cannot be followed at all is *undecided*,
//! with the reason; it is never *equal*. Nothing here knows where a ruleset came from.

pub mod asked;
pub mod chain;
pub mod compare;
pub mod compared;
pub mod diagram;
pub mod hook;
pub mod outcome;
pub mod program;
pub mod question;
pub mod space;
#[cfg(test)]
mod tests;
pub mod walk;
