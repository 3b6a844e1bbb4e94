//! Reading `ip -j route`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::json::{objects, refused, text};
use crate::backend::gap::{Reading, Unread};
use crate::firewall::Family;
use crate::state::{KernelRoute, Route};

/// The routes through a gateway, of the main table. What the kernel makes of addresses, and what
/// other tables hold, is no declared route.
pub(super) fn read(source: &str, family: Family) -> Reading<Vec<Route>> {
    let (objects, mut unread) = objects(source);
    let mut routes = Vec::new();
    for object in objects.iter().filter(|object| is_of_main_table(object)) {
        match route(object, family) {
            Ok(route) => routes.extend(route),
            Err(why) => unread.push(why),
        }
    }
    Reading {
        value: routes,
        unread,
    }
}

fn is_of_main_table(object: &Value) -> bool {
    text(object, "table").is_none_or(|table| table == "main" || table == "254")
}

fn route(object: &Value, family: Family) -> Result<Option<Route>, Unread> {
    let (Some(gateway), Some(link)) = (text(object, "gateway"), text(object, "dev")) else {
        return Ok(None);
    };
    let said = text(object, "dst").ok_or_else(|| refused("a route to nowhere".to_owned()))?;
    let broken = || refused(format!("the route to '{said}' is not understood"));
    let destination = destination(said, family).ok_or_else(broken)?;
    let metric = object.get("metric").and_then(Value::as_u64);
    Ok(Some(Route {
        link: link.parse().map_err(|_| broken())?,
        destination,
        gateway: gateway.parse().map_err(|_| broken())?,
        metric: metric.and_then(|metric| u32::try_from(metric).ok()),
    }))
}

/// All routes of the main table. What is strange about one is said where declared ones are read.
pub(super) fn kernel(source: &str, family: Family) -> Vec<KernelRoute> {
    let (objects, _) = objects(source);
    let routes = objects.iter().filter(|object| is_of_main_table(object));
    routes.filter_map(|object| seen(object, family)).collect()
}

fn seen(object: &Value, family: Family) -> Option<KernelRoute> {
    let hop = object.get("nexthops").and_then(|hops| hops.get(0));
    let word = |key: &str| text(object, key).or_else(|| text(hop?, key));
    let metric = object.get("metric").and_then(Value::as_u64);
    Some(KernelRoute {
        destination: destination(text(object, "dst")?, family)?.trunc(),
        link: word("dev").and_then(|link| link.parse().ok()),
        gateway: word("gateway").and_then(|gateway| gateway.parse().ok()),
        metric: metric
            .and_then(|metric| u32::try_from(metric).ok())
            .unwrap_or(0),
        protocol: text(object, "protocol").map(str::to_owned),
    })
}

/// `default`, a prefix, or one address.
fn destination(said: &str, family: Family) -> Option<IpNet> {
    match (said, family) {
        ("default", Family::Ipv4) => "0.0.0.0/0".parse().ok(),
        ("default", Family::Ipv6) => "::/0".parse().ok(),
        (_, _) => match said.parse() {
            Ok(net) => Some(net),
            Err(_) => Some(IpNet::from(said.parse::<IpAddr>().ok()?)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_routes_through_a_gateway_are_declared() {
        let text = r#"[{"dst":"default","gateway":"192.0.2.254","dev":"eth0"},
            {"dst":"192.0.2.0/24","dev":"br0","protocol":"kernel","scope":"link"},
            {"dst":"198.51.100.7","gateway":"192.0.2.9","dev":"br0","metric":1},
            {"dst":"203.0.113.0/24","gateway":"192.0.2.9","dev":"br0","table":"7"}]"#;
        let routes = read(text, Family::Ipv4).complete().expect("all is read");
        let found: Vec<String> = routes.iter().map(|r| r.destination.to_string()).collect();
        assert_eq!(found, ["0.0.0.0/0", "198.51.100.7/32"]);
        assert_eq!(routes[1].metric, Some(1));
        let all = kernel(text, Family::Ipv4);
        assert_eq!(all.len(), 3, "the other table is another matter");
        assert_eq!(all[1].protocol.as_deref(), Some("kernel"));
    }
}
