//! Networks back from what a host holds: the inverse of [`lower`](crate::lower).
//!
//! Rules become policies ([`policy`]), each fact with the line that proves it. What cannot be
//! known is said and never guessed silently. Nothing here knows the live machine or the syntax of
//! XML.

pub mod evidence;
pub mod layout;
pub mod policy;
pub mod segment;
mod shape;

pub use evidence::{Element, Evidence, Finding, FindingKind};
pub use layout::Arrangement;
pub use policy::{Ruled, Rules, policies};
pub use segment::{Segment, segments};
