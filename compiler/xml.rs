//! Network XML: how elements are read and written.
//!
//! [`element`] turns bytes into a tree with places, [`fields`] asks an element for what it holds
//! and warns of the rest, and one file per element of libvirt's turns it into its twin in
//! [`network`](crate::network). [`kind`] decides what the forward mode makes of them. Nothing
//! here knows a backend or a rule.

pub mod element;
pub mod fields;
pub mod scope;

pub mod device;
pub mod value;

pub mod network;

pub mod bandwidth;
pub mod bridge;
pub mod dhcp;
pub mod dns;
pub mod domain;
pub mod forward;
pub mod metadata;
pub mod nat;
pub mod option;
pub mod pool;
pub mod portgroup;
pub mod route;
pub mod subnet;
pub mod virtualport;
pub mod vlan;

pub mod kind;
pub mod legality;
pub mod ports;

pub mod write;

use crate::diagnostic::Sink;
use crate::network::Declared;
use crate::source::{Source, SourceId};

/// Reads one network, reporting all that is wrong with it; `None` if there was an error.
pub fn read(id: SourceId, source: &Source, sink: &mut Sink) -> Option<Declared> {
    let mut found = Sink::default();
    let declared = element::parse(id, source, &mut found)
        .and_then(|root| network::read(&root, source.text(), &mut found));
    let declared = declared.filter(|_| !found.has_errors());
    sink.absorb(found);
    declared
}

#[cfg(test)]
mod tests {
    use super::element::fixture::codes;
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn a_text_over_the_limit_is_refused_unread() {
        let mut text = "<network><name>a</name></network>".to_owned();
        text.extend(std::iter::repeat_n('\n', element::MAX_BYTES));
        let mut sink = Sink::default();
        let source = Source::new("large.xml", text);
        assert!(read(SourceId(0), &source, &mut sink).is_none());
        assert_eq!(codes(&sink), [Code::FileTooLarge]);
    }
}
