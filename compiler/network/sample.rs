//! Networks for tests: as plain as they can be, each test adds its thought.

use std::fmt::Debug;
use std::str::FromStr;

use ipnet::IpNet;

use crate::network::{
    Bridge, BridgeChoice, Forward, HostBridge, Kind, MacTable, Member, Network, NetworkSet, Subnet,
    Uplink, Virtual,
};

/// The value that a text stands for.
pub fn value<Value: FromStr>(text: &str) -> Value
where
    Value::Err: Debug,
{
    text.parse().expect("tests spell their values well")
}

/// A network of this kind, called `sample`.
pub fn network(kind: Kind) -> Network {
    Network::plain(value("sample"), kind)
}

/// An isolated network on `virbr7` with these addresses.
pub fn virtual_kind(addresses: &[&str]) -> Virtual {
    let subnet = |text: &&str| {
        let net: IpNet = value(text);
        Subnet::new(net.addr(), net.prefix_len()).expect("the prefix fits")
    };
    Virtual {
        forward: Forward::Isolated,
        bridge: Bridge {
            name: BridgeChoice::Named(value("virbr7")),
            stp: true,
            delay_seconds: 0,
            zone: None,
            mac_table: MacTable::Kernel,
        },
        mac: Some(value("52:54:00:00:00:07")),
        mtu: None,
        guest_ipv6: false,
        domain: None,
        dns: Default::default(),
        bandwidth: None,
        subnets: addresses.iter().map(subnet).collect(),
        routes: Vec::new(),
        options: Vec::new(),
    }
}

/// A network on the host's bridge `br0`.
pub fn host_bridge(uplink: Option<Uplink>) -> HostBridge {
    HostBridge {
        bridge: value("br0"),
        mac_table: MacTable::Kernel,
        bandwidth: None,
        uplink,
    }
}

/// The network as the only member of a set.
pub fn member(network: Network) -> Member {
    let set = NetworkSet::new(vec![network]).expect("the bridge is named");
    set.members()[0].clone()
}
