//! The tables of a host, joined: what belongs to one link.
//!
//! Made once for all links, so that a thousand networks stay a thousand steps.

use std::collections::{HashMap, HashSet};

use super::{Address, HostState, Link, Registration, Route, Segment, Shaping, ZoneBinding};
use crate::value::DeviceName;

/// A link that a network lives on, and everything that belongs to it.
#[derive(Clone, Debug)]
pub struct OnLink<'a> {
    /// The link.
    pub link: &'a Link,
    /// The first network on it.
    pub segment: &'a Segment,
    /// Its addresses, in order.
    pub addresses: Vec<&'a Address>,
    /// The routes through it, in order.
    pub routes: Vec<&'a Route>,
    /// Its rate limits; as in libvirt, the last network that has some decides.
    pub shaping: Option<&'a Shaping>,
    /// The domains that are answered through it.
    pub registrations: Vec<&'a Registration>,
    /// Its zone.
    pub zone: Option<&'a ZoneBinding>,
}

impl HostState {
    /// The links that networks live on, each once, with everything that belongs to them.
    pub fn on_links(&self) -> Vec<OnLink<'_>> {
        let mut segments = HashMap::new();
        for segment in &self.networks {
            if let Some(link) = &segment.link {
                segments.entry(link).or_insert(segment);
            }
        }
        let mut addresses = grouped(&self.addresses, |address| &address.link);
        let mut routes = grouped(&self.routes, |route| &route.link);
        let mut shaping = grouped(&self.shaping, |shaping| &shaping.link);
        let mut registrations = grouped(&self.registrations, |each| &each.link);
        let mut zones = grouped(&self.zones, |zone| &zone.link);
        let mut seen = HashSet::new();
        let once = self.links.iter().filter(|link| seen.insert(&link.name));
        once.filter_map(|link| {
            Some(OnLink {
                link,
                segment: segments.get(&link.name)?,
                addresses: addresses.remove(&link.name).unwrap_or_default(),
                routes: routes.remove(&link.name).unwrap_or_default(),
                shaping: shaping.remove(&link.name).and_then(|mut all| all.pop()),
                registrations: registrations.remove(&link.name).unwrap_or_default(),
                zone: zones.remove(&link.name).and_then(|mut all| all.pop()),
            })
        })
        .collect()
    }
}

fn grouped<Row>(rows: &[Row], link: fn(&Row) -> &DeviceName) -> HashMap<&DeviceName, Vec<&Row>> {
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        groups.entry(link(row)).or_default().push(row);
    }
    groups
}
