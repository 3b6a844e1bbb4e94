//! `<vlan>`: the tags of a guest's port.

/// The tags of a guest's port: at least one, each below 4096.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vlan {
    /// Whether frames keep their tags; always so with more than one tag.
    pub trunk: bool,
    /// The tags, in order.
    pub tags: Vec<u16>,
    /// The tag that untagged frames belong to, and whether it is sent tagged.
    pub native: Option<(u16, NativeMode)>,
}

/// How frames of the native VLAN are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeMode {
    /// With their tag.
    Tagged,
    /// Without it.
    Untagged,
}
