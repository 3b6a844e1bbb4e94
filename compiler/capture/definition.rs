//! Reading what libvirt itself says of a network: its stored XML, and the status of a running one.
//!
//! The status holds the network as it runs now. The record of what undoes its rules stands beside
//! it; the rules themselves are read from the host.

use super::{Definition, FileId};
use crate::backend::gap::{Reading, Unread};
use crate::diagnostic::{Severity, Sink};
use crate::network::Network;
use crate::source::{Source, SourceId};
use crate::xml::{element, network};

/// What the root of a status file is called (`virNetworkObjFormat`).
const STATUS: &str = "networkstatus";

/// The network that a file of libvirt's defines or says to be running; none if it is not
/// understood.
pub fn libvirt_network(text: &str) -> Option<Network> {
    network_of(text).ok().map(|(network, _)| network)
}

/// The network that the file defines, if it defines one.
pub(super) fn read(text: &str, file: FileId) -> Reading<Option<Definition>> {
    match network_of(text) {
        Ok((network, live)) => Reading {
            value: Some(Definition {
                file,
                network,
                live,
            }),
            unread: Vec::new(),
        },
        Err(why) => Reading {
            value: None,
            unread: vec![why],
        },
    }
}

/// The network and whether the file says that it is running; else why there is none.
fn network_of(text: &str) -> Result<(Network, bool), Unread> {
    let source = Source::new("", text);
    let mut sink = Sink::default();
    let root = element::parse(SourceId(0), &source, &mut sink);
    let read = root.and_then(|root| {
        let live = root.name == STATUS;
        let inner = root.children.iter().find(|each| each.name == "network");
        let declared = match (live, inner) {
            (true, Some(inner)) => network::read(inner, source.text(), &mut sink),
            (true, None) => None,
            (false, _) => network::read(&root, source.text(), &mut sink),
        };
        Some((declared?.network, live))
    });
    read.filter(|_| !sink.has_errors())
        .ok_or_else(|| first_error(&sink, &source))
}

fn first_error(sink: &Sink, source: &Source) -> Unread {
    let all = sink.sorted();
    let first = all.iter().find(|each| each.severity() == Severity::Error);
    match first {
        Some(error) => Unread {
            line: source.position(error.place.span.start).line,
            message: format!("the network is not understood: {}", error.message),
        },
        None => Unread {
            line: 0,
            message: "the status holds no network".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str = "<network>\n  <name>lab</name>\n  <bridge name='virbr7'/>\n\
        <metadata><a:b xmlns:a='urn:example:1'>kept</a:b></metadata>\n\
        <ip address='192.0.2.1' prefix='24'/>\n</network>\n";

    #[test]
    fn stored_and_running_networks_are_told_apart() {
        let (stored, live) = network_of(&format!("<!-- made -->\n{NETWORK}")).expect("a network");
        assert!(!live);
        let status = format!(
            "<networkstatus>\n<class_id bitmap='0-2'/>\n<floor sum='0'/>\n{NETWORK}\
             <firewall name='fwRemoval' backend='nftables'/>\n</networkstatus>"
        );
        let (running, live) = network_of(&status).expect("a network");
        assert!(live);
        assert_eq!(running, stored);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        let why = network_of("<network>\n  <name>n</name>\n  <forward mode='nta'/>\n</network>");
        assert_eq!(why.expect_err("the mode is wrong").line, 3);
        let why = network_of("<networkstatus/>").expect_err("nothing is in it");
        assert_eq!(why.message, "the status holds no network");
        assert!(network_of("<network>").is_err());
    }
}
