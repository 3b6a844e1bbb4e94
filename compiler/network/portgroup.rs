//! `<portgroup>`: a named variant of what a guest's port gets.

use super::{Bandwidth, Virtualport, Vlan};
use crate::value::Line;

/// What a guest that names this group gets instead of the network's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portgroup {
    /// The name a guest's interface asks for.
    pub name: Line,
    /// Whether guests that name no group get this one.
    pub default: bool,
    /// As on the network.
    pub trust_guest_rx_filters: Option<bool>,
    /// As on the network.
    pub virtualport: Option<Virtualport>,
    /// Limits for each guest's port, never for the bridge.
    pub bandwidth: Option<Bandwidth>,
    /// As on the network.
    pub vlan: Option<Vlan>,
}
