//! Writing `<metadata>`: our own additions, then others' elements word for word.

use ipnet::IpNet;

use super::strict::NAMESPACE;
use super::tag::{Printer, Tag};
use crate::network::{Addressing, Metadata, PortForward, Uplink};

/// `<metadata>`, if there is any.
pub fn print(metadata: &Metadata, uplink: Option<&Uplink>, printer: &mut Printer<'_>) {
    let ours = uplink.is_some() || !metadata.forwards.is_empty();
    if !ours && metadata.foreign.is_empty() {
        return;
    }
    printer.open(Tag::new("metadata"));
    if ours {
        printer.open(Tag::new("lan:network").with("xmlns:lan", NAMESPACE));
        if let Some(uplink) = uplink {
            print_uplink(uplink, printer);
        }
        for forward in &metadata.forwards {
            print_forward(forward, printer);
        }
        printer.close("lan:network");
    }
    for piece in &metadata.foreign {
        printer.piece(piece);
    }
    printer.close("metadata");
}

fn print_uplink(uplink: &Uplink, printer: &mut Printer<'_>) {
    let tag = Tag::new("lan:uplink").with("dev", &uplink.dev);
    let (addresses, gateways, dns) = match &uplink.addressing {
        Addressing::Dhcp => return printer.empty(tag.with("addressing", "dhcp")),
        Addressing::None => return printer.empty(tag.with("addressing", "none")),
        Addressing::Static {
            addresses,
            gateways,
            dns,
        } => (addresses, gateways, dns),
    };
    printer.open(tag.with("addressing", "static"));
    let mut gateways = gateways.clone();
    for net in addresses {
        let own = |gateway: &&std::net::IpAddr| gateway.is_ipv4() == matches!(net, IpNet::V4(_));
        let gateway = gateways.iter().find(own).copied();
        gateways.retain(|each| Some(*each) != gateway);
        let tag = Tag::new("lan:ip")
            .with("address", net.addr())
            .with("prefix", net.prefix_len())
            .some("gateway", gateway);
        printer.empty(tag);
    }
    for server in dns {
        printer.empty(Tag::new("lan:dns").with("address", server));
    }
    printer.close("lan:uplink");
}

fn print_forward(forward: &PortForward, printer: &mut Printer<'_>) {
    let tag = Tag::new("lan:forward")
        .with("protocol", forward.protocol.word())
        .with("port", forward.ports)
        .with("to", forward.to)
        .some("to-port", forward.to_port)
        .some("address", forward.address)
        .some("dev", forward.dev.as_ref())
        .some("source", forward.source);
    printer.empty(tag);
}
