//! Everything that was seen of one bridge, gathered from the tables of a host.

use std::collections::{BTreeMap, HashMap};

use ipnet::IpNet;

use super::layout::Arrangement;
use super::policy::{Ruled, Rules};
use super::service::by_hand;
use crate::capture::{Capture, FileId, Origin, Role, ServiceFiles, Topic};
use crate::firewall::Family;
use crate::state::{Address, Device, Dnsmasq, Route, Shaping, ZoneBinding};
use crate::value::DeviceName;

/// What was seen of one bridge.
pub(super) struct Seen<'a> {
    /// The host.
    pub capture: &'a Capture,
    /// The bridge.
    pub bridge: &'a DeviceName,
    /// What its rules say, if it has any.
    pub rules: Option<&'a Ruled>,
    /// The device itself.
    pub device: Option<&'a Device>,
    /// The dnsmasq that listens on it.
    pub service: Option<Dnsmasq>,
    /// Who made its configuration.
    pub maker: Maker,
    /// The files of that dnsmasq.
    pub files: Option<&'a ServiceFiles>,
    /// Its rate limits.
    pub shaping: Option<&'a Shaping>,
    /// The file of `tc` that shows that checksums of what it sends are filled in.
    pub checksum_filter: Option<FileId>,
    /// Its zone.
    pub zone: Option<&'a ZoneBinding>,
    /// Its addresses, as the host lists them.
    pub addresses: Vec<&'a Address>,
    /// The routes through it.
    pub routes: Vec<&'a Route>,
}

/// Who made a configuration of dnsmasq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// libvirt or lanwright, as they do today.
    Tool,
    /// libvirt, while it still had dnsmasq listen on addresses.
    OldLibvirt,
    /// Somebody by hand.
    Hand,
}

/// All bridges of a host that something is known of.
pub(super) fn all<'a>(
    capture: &'a Capture,
    rules: &'a Rules,
    bridges: impl IntoIterator<Item = &'a DeviceName>,
) -> Vec<Seen<'a>> {
    let state = &capture.state;
    let ruled = by(&rules.networks, |ruled| &ruled.policy.bridge);
    let devices = by(&capture.devices, |device| &device.name);
    let services = by(&state.services, |service| &service.link);
    let shaping = by(&state.shaping, |shaping| &shaping.link);
    let filtered = capture.queueing.iter().filter(|it| it.checksum);
    let filters: BTreeMap<&DeviceName, FileId> = filtered.map(|it| (&it.link, it.file)).collect();
    let zones = by(&state.zones, |zone| &zone.link);
    let mut addresses = grouped(&state.addresses, |address| &address.link);
    let mut routes = grouped(&state.routes, |route| &route.link);
    let files: BTreeMap<&str, &ServiceFiles> = capture
        .services
        .iter()
        .filter_map(|files| Some((listens_on(&files.conf.1)?, files)))
        .collect();
    let mut seen = |bridge: &'a DeviceName| {
        let files = files.get(bridge.as_str()).copied();
        let maker = files.map_or(Maker::Tool, |files| maker(&files.conf.1));
        let addresses = addresses.remove(bridge).unwrap_or_default();
        let own: Vec<IpNet> = addresses.iter().map(|it| it.address).collect();
        let service = services.get(bridge);
        Seen {
            capture,
            bridge,
            rules: ruled.get(bridge).copied(),
            device: devices.get(bridge).copied(),
            service: service.map(|it| by_hand::understood(it, files, maker, &own)),
            maker,
            files,
            shaping: shaping.get(bridge).copied(),
            checksum_filter: filters.get(bridge).copied(),
            zone: zones.get(bridge).copied(),
            addresses,
            routes: routes.remove(bridge).unwrap_or_default(),
        }
    };
    bridges.into_iter().map(&mut seen).collect()
}

/// All of each device, in their order.
fn grouped<Row>(rows: &[Row], key: fn(&Row) -> &DeviceName) -> HashMap<&DeviceName, Vec<&Row>> {
    let mut map: HashMap<&DeviceName, Vec<&Row>> = HashMap::new();
    for row in rows {
        map.entry(key(row)).or_default().push(row);
    }
    map
}

/// The first of each; a second one of the same bridge is another's business.
fn by<Row>(rows: &[Row], key: fn(&Row) -> &DeviceName) -> BTreeMap<&DeviceName, &Row> {
    let mut map = BTreeMap::new();
    for row in rows {
        map.entry(key(row)).or_insert(row);
    }
    map
}

fn listens_on(conf: &str) -> Option<&str> {
    let interface = conf
        .lines()
        .find_map(|line| line.strip_prefix("interface="));
    interface.map(str::trim)
}

/// Both tools always write the same three lines, and libvirt its folder.
fn maker(conf: &str) -> Maker {
    let always = ["strict-order", "except-interface=lo", "bind-dynamic"];
    let mut missing = always
        .iter()
        .filter(|line| !conf.lines().any(|it| it == **line));
    let libvirt = conf.lines().any(|line| {
        let pid = line.strip_prefix("pid-file=").unwrap_or("");
        pid.contains("/run/libvirt/")
    });
    match (missing.next(), libvirt) {
        (None, _) => Maker::Tool,
        (Some(_), true) => Maker::OldLibvirt,
        (Some(_), false) => Maker::Hand,
    }
}

impl<'a> Seen<'a> {
    /// The lines that show that there is DHCP for IPv4, whoever serves it. libvirt's filter of
    /// `tc` is on every bridge, ours where there is DHCP.
    pub fn dhcp_signs(&self) -> Vec<Origin> {
        let Some(ruled) = self.rules else {
            return Vec::new();
        };
        let filter = self.checksum_filter.map(|file| Origin { file, line: None });
        let filter = filter.filter(|_| ruled.arrangement == Arrangement::Lanwright);
        let rules = ruled.lines.checksum.iter().copied();
        rules.chain(filter).collect()
    }

    /// Whether rules of this family were looked at.
    pub fn rules_observed(&self, family: Family) -> bool {
        self.capture.observed(Topic::Iptables(family)) || self.capture.observed(Topic::Nft)
    }

    /// The value of a kernel setting, `net.ipv4.ip_forward`, if it was captured.
    pub fn sysctl(&self, key: &[&str]) -> Option<&'a str> {
        let sysctls = self.capture.state.sysctls.iter();
        let mut of = sysctls.filter(|sysctl| sysctl.key.iter().eq(key));
        of.next_back().map(|sysctl| sysctl.value.as_str())
    }

    /// The files of a host that can say such a thing, without lines.
    pub fn files_of(&self, role: Role) -> Vec<Origin> {
        let files = self.capture.files.iter().enumerate();
        let of = files.filter(|(_, file)| file.role == Some(role));
        of.map(|(at, _)| Origin {
            file: FileId(at),
            line: None,
        })
        .collect()
    }

    /// The configuration of its dnsmasq as a whole.
    pub fn conf_file(&self) -> Option<Origin> {
        let (file, _) = &self.files?.conf;
        Some(Origin {
            file: *file,
            line: None,
        })
    }

    /// The lines of the configuration of its dnsmasq that begin with this.
    pub fn conf_lines(&self, start: &str) -> Vec<Origin> {
        let conf = self.files.map(|files| &files.conf);
        lines(conf, |line| line.starts_with(start))
    }

    /// The lines of reserved hosts; by hand they stand in the configuration itself.
    pub fn hosts_lines(&self) -> Vec<Origin> {
        if self.maker == Maker::Hand {
            return self.conf_lines("dhcp-host=");
        }
        let hosts = self.files.and_then(|files| files.hosts.as_ref());
        lines(hosts, |line| !line.is_empty())
    }

    /// The lines of fixed names.
    pub fn names_lines(&self) -> Vec<Origin> {
        let names = self.files.and_then(|files| files.names.as_ref());
        lines(names, |line| !line.is_empty())
    }

    /// The lines of the configuration of its dnsmasq that begin with this, and where they stand.
    pub fn conf_starting(&self, start: &str) -> Vec<(&'a str, Origin)> {
        let text = self.files.map_or("", |files| &files.conf.1);
        let starting = text.lines().filter(|line| line.starts_with(start));
        starting.zip(self.conf_lines(start)).collect()
    }

    /// The lines of ranges to lease from, by their first fields: how many make the key.
    pub fn ranges(&self, fields: usize) -> HashMap<&'a str, Vec<Origin>> {
        let start = "dhcp-range=";
        let mut by_fields: HashMap<&str, Vec<Origin>> = HashMap::new();
        for (line, origin) in self.conf_starting(start) {
            let told = &line[start.len()..];
            let mut commas = told.match_indices(',').map(|(at, _)| at);
            let end = commas.nth(fields - 1).unwrap_or(told.len());
            by_fields.entry(&told[..end]).or_default().push(origin);
        }
        by_fields
    }

    /// The lines of the configuration of its dnsmasq, by what they say.
    pub fn conf_by_line(&self) -> HashMap<&'a str, Vec<Origin>> {
        let mut by_line: HashMap<&str, Vec<Origin>> = HashMap::new();
        if let Some((file, text)) = self.files.map(|files| &files.conf) {
            for (at, line) in text.lines().enumerate() {
                let origin = Origin {
                    file: *file,
                    line: Some(at + 1),
                };
                by_line.entry(line).or_default().push(origin);
            }
        }
        by_line
    }
}

fn lines(file: Option<&(FileId, String)>, wanted: impl Fn(&str) -> bool) -> Vec<Origin> {
    let Some((file, text)) = file else {
        return Vec::new();
    };
    let lines = text.lines().enumerate().filter(|(_, line)| wanted(line));
    lines
        .map(|(at, _)| Origin {
            file: *file,
            line: Some(at + 1),
        })
        .collect()
}
