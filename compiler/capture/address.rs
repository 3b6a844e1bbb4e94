//! Reading `ip -j addr`.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use serde_json::Value;

use super::json::{objects, refused, text};
use crate::backend::gap::{Reading, Unread};
use crate::state::Address;

/// The addresses of all links, but for the link-local ones that the kernel makes by itself.
pub(super) fn read(source: &str) -> Reading<Vec<Address>> {
    let (objects, mut unread) = objects(source);
    let mut addresses = Vec::new();
    for object in &objects {
        let listed = object.get("addr_info").and_then(Value::as_array);
        for each in listed.into_iter().flatten() {
            match address(object, each) {
                Ok(Some(address)) => addresses.push(address),
                Ok(None) => {}
                Err(why) => unread.push(why),
            }
        }
    }
    Reading {
        value: addresses,
        unread,
    }
}

fn address(link: &Value, each: &Value) -> Result<Option<Address>, Unread> {
    let missing = |what: &str| refused(format!("an address without {what}"));
    // An empty object stands for an address that the listing filtered out.
    if each.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(None);
    }
    let name = text(link, "ifname").ok_or_else(|| missing("a link"))?;
    let local = text(each, "local").ok_or_else(|| missing("a value"))?;
    let ip: IpAddr = local
        .parse()
        .map_err(|_| refused(format!("'{local}' of the link '{name}' is no address")))?;
    let length = each.get("prefixlen").and_then(Value::as_u64);
    let length = length.and_then(|length| u8::try_from(length).ok());
    let net = length.and_then(|length| IpNet::new(ip, length).ok());
    let address = net.ok_or_else(|| missing("a prefix length"))?;
    if text(each, "protocol") == Some("kernel_ll") || is_made_by_the_kernel(&address) {
        return Ok(None);
    }
    let link = name.parse();
    let link = link.map_err(|why| refused(format!("the link '{name}' is left out: {why}")))?;
    Ok(Some(Address { link, address }))
}

/// `fe80::/64` with an interface part made of a hardware address (`addrconf_ifid_eui48`, kernel).
/// Older listings do not say who made an address.
fn is_made_by_the_kernel(address: &IpNet) -> bool {
    const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);
    match address {
        IpNet::V4(_) => false,
        IpNet::V6(net) => {
            let bytes = net.addr().octets();
            net.prefix_len() == 64 && net.network() == LINK_LOCAL && bytes[11..13] == [0xff, 0xfe]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_addresses_are_read() {
        let text = r#"[{"ifname":"br0","addr_info":[
            {"family":"inet","local":"192.0.2.1","prefixlen":24,"scope":"global"},
            {"family":"inet6","local":"2001:db8::1","prefixlen":64,"scope":"global"},
            {"family":"inet6","local":"fe80::5054:ff:fe0a:b0c","prefixlen":64,"scope":"link"},
            {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"},{},
            {"family":"inet","local":"nowhere","prefixlen":24}]}]"#;
        let read = read(text);
        let found: Vec<String> = read.value.iter().map(|a| a.address.to_string()).collect();
        assert_eq!(found, ["192.0.2.1/24", "2001:db8::1/64", "fe80::1/64"]);
        assert_eq!(read.unread.len(), 1);
    }
}
