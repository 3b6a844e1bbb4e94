//! Where the parts of a declaration were written, for messages about several networks or about
//! what a tool cannot express.

use crate::source::Span;

/// Where the parts of one network were written. A part that was not written points at the name.
#[derive(Clone, Debug)]
pub struct Places {
    /// The `<network>` element's own name, for what concerns it as a whole.
    pub network: Span,
    /// The text of `<name>`.
    pub name: Span,
    /// The text of `<uuid>`.
    pub uuid: Option<Span>,
    /// The value of `bridge/@name`.
    pub bridge: Option<Span>,
    /// The value of `mac/@address`.
    pub mac: Option<Span>,
    /// The value of `forward/@mode`, or the element's name.
    pub forward: Option<Span>,
    /// The name of `<bandwidth>`.
    pub bandwidth: Option<Span>,
    /// The value of `ip/@address` of each `<ip>`, in order.
    pub subnets: Vec<Span>,
    /// The value of `route/@address` of each `<route>`, in order.
    pub routes: Vec<Span>,
    /// What names the uplink in `<metadata>`.
    pub uplink: Option<Span>,
}

impl Places {
    /// Nothing but a name was written.
    pub fn of_name(name: Span) -> Self {
        Places {
            network: name,
            name,
            uuid: None,
            bridge: None,
            mac: None,
            forward: None,
            bandwidth: None,
            subnets: Vec::new(),
            routes: Vec::new(),
            uplink: None,
        }
    }
}

/// A network and where its parts were written.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What was declared.
    pub network: super::Network,
    /// Where.
    pub places: Places,
}
