//! One network on one host: what it should be, and what was seen of its host.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::report::{Fix, Seen};
use super::walk::Walker;
use crate::audit::owner::Learnt;
use crate::capture::question::LISTINGS;
use crate::capture::{Capture, FileId, Role, Topic};
use crate::firewall::{Family, NetworkPolicy};
use crate::lower::Ir;
use crate::state::{Dnsmasq, KernelRoute, Segment};
use crate::value::DeviceName;

/// A host, as all its networks share it.
pub struct Host<'a> {
    /// What was read of it.
    pub capture: &'a Capture,
    /// What its networks should be.
    pub ir: &'a Ir,
    /// Whether it is this machine, as it is now.
    pub live: bool,
    /// Its rules.
    pub walker: &'a Walker<'a>,
    /// Who has rules there.
    pub learnt: &'a Learnt,
}

/// A network that lives on a bridge.
pub struct Patient<'a> {
    /// Its host.
    pub host: &'a Host<'a>,
    /// Its name and mode.
    pub segment: &'a Segment,
    /// Its bridge.
    pub bridge: &'a DeviceName,
    /// The file that declares it, if one was given.
    pub file: Option<&'a str>,
}

impl<'a> Host<'a> {
    /// The file that was read for this, with the command that made it.
    pub fn seen(&self, is: impl Fn(Role) -> bool) -> Seen {
        let mut files = self.capture.files.iter().enumerate();
        let found = files.find(|(_, file)| file.role.is_some_and(&is));
        found.map_or_else(Seen::default, |(at, _)| self.seen_in(FileId(at), None))
    }

    /// The file whose name begins so, with the command that made it.
    pub fn seen_as(&self, name: &str) -> Seen {
        let at = self
            .capture
            .files
            .iter()
            .position(|file| file.name.starts_with(name));
        at.map_or_else(Seen::default, |at| self.seen_in(FileId(at), None))
    }

    /// A line of a file.
    pub fn seen_in(&self, file: FileId, line: Option<usize>) -> Seen {
        let name = self.capture.name(file);
        let listing = LISTINGS.iter().find(|listing| listing.file == name);
        let command = listing.map(|listing| {
            let words = std::iter::once(&listing.program).chain(listing.arguments);
            words.copied().collect::<Vec<&str>>().join(" ")
        });
        Seen {
            file: (!self.live).then(|| name.to_owned()),
            line: line.filter(|_| !self.live),
            command,
            text: None,
        }
    }

    /// A kernel setting that was looked at.
    pub fn sysctl(&self, key: &[&str]) -> Option<&'a str> {
        let mut settings = self.capture.state.sysctls.iter();
        let found = settings.find(|setting| setting.key == key);
        found.map(|setting| setting.value.as_str())
    }

    /// Where a kernel setting was seen.
    pub fn seen_sysctl(&self, key: &[&str]) -> Seen {
        let name = sysctl_name(key);
        let value = self.sysctl(key).unwrap_or_default();
        Seen {
            command: Some(format!("sysctl {name}")),
            text: Some(format!("{name} = {value}")),
            ..self.seen(|role| role == Role::Sysctls)
        }
    }

    /// The default route of a family that is taken.
    pub fn default_route(&self, family: Family) -> Option<&'a KernelRoute> {
        let routes = self.capture.kernel_routes.iter();
        let default = routes.filter(|route| {
            route.destination.prefix_len() == 0
                && Family::of(&route.destination) == family
                && route.link.is_some()
        });
        default.min_by_key(|route| route.metric)
    }

    /// Whether any rules of a family were looked at.
    pub fn has_rules(&self, family: Family) -> bool {
        let topics = [Topic::Iptables(family), Topic::Nft];
        topics.iter().any(|topic| self.capture.observed(*topic))
    }
}

impl<'a> Patient<'a> {
    /// What was read of the host.
    pub fn capture(&self) -> &'a Capture {
        self.host.capture
    }

    /// The addresses that the bridge should have, with their prefixes.
    pub fn addresses(&self) -> impl Iterator<Item = IpNet> {
        let all = self.host.ir.state.addresses.iter();
        let own = all.filter(|address| address.link == *self.bridge);
        own.map(|address| address.address)
    }

    /// Its dnsmasq.
    pub fn service(&self) -> Option<&'a Dnsmasq> {
        let mut services = self.host.ir.state.services.iter();
        services.find(|service| service.link == *self.bridge)
    }

    /// What its rules should do.
    pub fn policy(&self) -> Option<&'a NetworkPolicy> {
        let mut networks = self.host.ir.policy.networks.iter();
        networks.find(|policy| policy.bridge == *self.bridge)
    }

    /// Whether its guests are to reach beyond the bridge through the host.
    pub fn forwards(&self) -> bool {
        ["nat", "route", "open"].contains(&self.segment.mode.as_str())
    }

    /// Whether its bridge is made for it, rather than the host's own.
    pub fn is_virtual(&self) -> bool {
        self.forwards() || self.segment.mode == "isolated"
    }

    /// An address that a guest of this subnet may have.
    pub fn guest(&self, address: IpNet) -> IpAddr {
        let own = address.addr();
        let mut hosts = address.trunc().hosts().filter(|host| *host != own);
        hosts.next().unwrap_or(own)
    }

    /// An address outside that no route of the host is for.
    pub fn outside(&self, family: Family) -> IpAddr {
        let choices: [IpAddr; 3] = match family {
            Family::Ipv4 => [[203, 0, 113, 80], [198, 51, 100, 80], [192, 0, 2, 80]]
                .map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes))),
            Family::Ipv6 => [0x2620_00fe, 0x2a00_1450, 0x2001_0db8]
                .map(|start: u128| IpAddr::V6((start << 96 | 0x80).into())),
        };
        let is_near = |address: &IpAddr| {
            let mut routes = self.capture().kernel_routes.iter();
            let near = routes
                .any(|it| it.destination.prefix_len() > 0 && it.destination.contains(address));
            near || self.addresses().any(|own| own.contains(address))
        };
        let free = choices.into_iter().find(|address| !is_near(address));
        free.unwrap_or(choices[0])
    }

    /// What makes the network anew as it was declared.
    pub fn apply(&self) -> Fix {
        let declared = self.file.map(str::to_owned);
        let file = declared.unwrap_or_else(|| format!("{}.xml", self.segment.network));
        Fix::run([&["lanwright", "apply", &file]]).by_hand()
    }
}

/// A key as `sysctl` takes it, which swaps dots and slashes in the names of devices.
pub fn sysctl_name(key: &[&str]) -> String {
    let parts = key.iter().map(|part| part.replace('.', "/"));
    parts.collect::<Vec<String>>().join(".")
}
