//! One side of a comparison: a capture, an artefact tree, or what networks compile to.
//!
//! Networks and trees have their rules in several layouts; which one is taken is decided by the
//! other side. What they have nothing to say of is not observed.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use crate::audit::generation::{self, Generation};
use crate::audit::{expect, matching};
use crate::backend::dnsmasq::{print_conf, print_hosts, print_names};
use crate::backend::{Layout, manifest};
use crate::capture::{
    Capture, CapturedFile, CapturedRuleset, FileId, RuleTool, ServiceFiles, Text, Topic, Variant,
};
use crate::firewall::{Family, Ruleset, TableFamily};
use crate::lower::{self, Ir, encode};
use crate::network::{Member, NetworkSet};
use crate::state::{BridgeSettings, Device, DeviceKind, Link, LinkKind};
use crate::value::DeviceName;

/// What is compared with something else.
#[derive(Clone, Debug)]
pub enum Side {
    /// A host.
    Host(Box<Capture>),
    /// An artefact tree.
    Tree(Vec<Text>),
    /// Declared networks.
    Networks(NetworkSet),
}

/// The layouts that networks and trees have.
const LAYOUTS: [Generation; 3] = [
    Generation::Chains,
    Generation::Nftables,
    Generation::Lanwright,
];

impl Side {
    /// Texts as they were found: an artefact tree if they have its manifest, else a host's.
    pub fn of(texts: Vec<Text>) -> Self {
        let is_manifest = |text: &Text| text.name == manifest::NAME;
        match texts.iter().any(is_manifest) {
            true => Side::Tree(texts),
            false => Side::Host(Box::new(crate::capture::read(texts))),
        }
    }

    /// Whether it says nothing of what belongs to no network.
    pub fn is_of_networks(&self) -> bool {
        match self {
            Side::Host(_) => false,
            Side::Tree(_) | Side::Networks(_) => true,
        }
    }
}

/// What a side tells, read before or made for the comparison.
type Told<'a> = Cow<'a, Capture>;

/// The pairs that are to be compared: one, or one for each layout if both sides have several.
pub fn pairs<'a>(a: &'a Side, b: &'a Side) -> Vec<(Told<'a>, Told<'a>)> {
    match (a, b) {
        (Side::Host(a), Side::Host(b)) => vec![(Cow::Borrowed(a), Cow::Borrowed(b))],
        (Side::Host(a), other) => vec![(Cow::Borrowed(a), beside(other, a))],
        (other, Side::Host(b)) => vec![(beside(other, b), Cow::Borrowed(b))],
        (Side::Networks(a), Side::Networks(b)) => {
            let of = |set| Cow::Owned(compiled(set, Generation::Chains, Layout::Native));
            vec![(of(a), of(b))]
        }
        (_, _) => LAYOUTS
            .into_iter()
            .map(|layout| in_layout(a, b, layout))
            .collect(),
    }
}

/// Two sides without a host, in one layout.
fn in_layout<'a>(a: &'a Side, b: &'a Side, layout: Generation) -> (Told<'a>, Told<'a>) {
    let files = |side: &Side| match side {
        Side::Tree(texts) => Some(file_layout(texts)),
        Side::Host(_) | Side::Networks(_) => None,
    };
    let files = files(a).or_else(|| files(b)).unwrap_or_default();
    let of = |side: &'a Side| match side {
        Side::Host(capture) => Cow::Borrowed(&**capture),
        Side::Tree(texts) => Cow::Owned(tree(texts, layout)),
        Side::Networks(set) => Cow::Owned(compiled(set, layout, files)),
    };
    (of(a), of(b))
}

/// Whose paths the files of a tree have.
fn file_layout(texts: &[Text]) -> Layout {
    let mut confs = texts.iter().filter(|text| text.name.ends_with(".conf"));
    let native = confs.any(|text| {
        let text = String::from_utf8_lossy(&text.bytes);
        text.contains("pid-file=/run/lanwright/")
    });
    match native {
        true => Layout::Native,
        false => Layout::Libvirt,
    }
}

/// A side without a host, in the layout of the host that it is compared with.
fn beside<'a>(side: &'a Side, host: &Capture) -> Told<'a> {
    let detected = generation::detect(host);
    let most = detected
        .used
        .iter()
        .max_by_key(|(_, bridges)| bridges.len());
    let layout = most.map(|(layout, _)| *layout);
    let layout = layout.or_else(|| detected.empty.iter().next().copied());
    let by_topic = || match host.observed(Topic::Iptables(Family::Ipv4)) {
        true => Generation::Chains,
        false => Generation::Nftables,
    };
    let layout = layout.unwrap_or_else(by_topic);
    let mut confs = host.services.iter();
    let native = confs.any(|files| files.conf.1.contains("/lanwright/"));
    let files = match native {
        true => Layout::Native,
        false => Layout::Libvirt,
    };
    match side {
        Side::Host(capture) => Cow::Borrowed(capture),
        Side::Tree(texts) => Cow::Owned(tree(texts, layout)),
        Side::Networks(set) => Cow::Owned(compiled(&matching::settle(set, host).0, layout, files)),
    }
}

/// What a tree tells of a host, with its rules in one layout.
fn tree(texts: &[Text], layout: Generation) -> Capture {
    let rules: &[&str] = match layout {
        Generation::BuiltInChains | Generation::Chains => {
            &["firewall/iptables.rules", "firewall/ip6tables.rules"]
        }
        Generation::Nftables => &["firewall/libvirt.nft"],
        Generation::Lanwright => &["firewall/lanwright.nft"],
    };
    let told = texts.iter().filter(|text| {
        let name = text.name.as_str();
        rules.contains(&name) || name.starts_with("dnsmasq/") || name.starts_with("sysctl/")
    });
    crate::capture::read(told.cloned().collect())
}

/// What networks compile to, as if a host held it.
pub fn compiled(set: &NetworkSet, layout: Generation, files: Layout) -> Capture {
    let ir = lower::lower(set);
    let mut capture = Capture {
        topics: topics(layout),
        devices: devices(set, &ir),
        state: ir.state.clone(),
        ..Capture::default()
    };
    capture.state.networks.clear();
    capture.state.links.clear();
    let ruleset = encode(&ir.policy, expect::encoding(layout));
    for (name, tool, ruleset) in dumps(ruleset, layout) {
        capture.rulesets.push(CapturedRuleset {
            file: FileId(capture.files.len()),
            tool,
            ruleset,
            complete: true,
        });
        capture.files.push(file(name));
    }
    for service in &ir.state.services {
        let mut add = |ending: &str, text: String| {
            let id = FileId(capture.files.len());
            capture
                .files
                .push(file(&format!("{}.{ending}", service.network)));
            (id, text)
        };
        let conf = add("conf", print_conf(service, files));
        let hosts = Some(add("hostsfile", print_hosts(service)));
        let names = Some(add("addnhosts", print_names(service)));
        capture.services.push(ServiceFiles {
            stem: service.network.to_string(),
            conf,
            hosts,
            names,
        });
    }
    capture
}

fn file(name: &str) -> CapturedFile {
    CapturedFile {
        name: name.to_owned(),
        role: None,
    }
}

/// Everything but leases, and rules only in the tool of the layout.
fn topics(layout: Generation) -> BTreeSet<Topic> {
    let mut topics = BTreeSet::from([
        Topic::Links,
        Topic::Addresses,
        Topic::Routes(Family::Ipv4),
        Topic::Routes(Family::Ipv6),
        Topic::Sysctls,
        Topic::Services,
        Topic::Traffic,
    ]);
    match layout {
        Generation::BuiltInChains | Generation::Chains => {
            topics.extend([Topic::Iptables(Family::Ipv4), Topic::Iptables(Family::Ipv6)])
        }
        Generation::Nftables | Generation::Lanwright => topics.extend([Topic::Nft]),
    }
    topics
}

fn dumps(ruleset: Ruleset, layout: Generation) -> Vec<(&'static str, RuleTool, Ruleset)> {
    match layout {
        Generation::BuiltInChains | Generation::Chains => {
            let (ipv6, ipv4): (Vec<_>, Vec<_>) =
                (ruleset.tables.into_iter()).partition(|table| table.family == TableFamily::Ip6);
            let tool = |family| RuleTool::Iptables(Variant::Unknown, family);
            let of = |tables| Ruleset { tables };
            vec![
                ("iptables.rules", tool(Family::Ipv4), of(ipv4)),
                ("ip6tables.rules", tool(Family::Ipv6), of(ipv6)),
            ]
        }
        Generation::Nftables => vec![("libvirt.nft", RuleTool::Nft, ruleset)],
        Generation::Lanwright => vec![("lanwright.nft", RuleTool::Nft, ruleset)],
    }
}

/// The bridges that networks make, as the kernel would show them.
fn devices(set: &NetworkSet, ir: &Ir) -> Vec<Device> {
    let is_declared = |member: &&Member| {
        let network = member.network.as_virtual();
        network.is_some_and(|network| network.mac.is_some())
    };
    let declared = set.members().iter().filter(is_declared);
    let macs: HashSet<&DeviceName> = declared.filter_map(|it| it.bridge.as_ref()).collect();
    let links = ir.state.links.iter();
    links
        .map(|link| device(link, macs.contains(&link.name)))
        .collect()
}

fn device(link: &Link, has_mac: bool) -> Device {
    let settings = match &link.kind {
        LinkKind::Bridge(bridge) => Some(BridgeSettings {
            stp: bridge.stp,
            forward_delay_centiseconds: bridge.effective_delay_seconds().saturating_mul(100),
            vlan_filtering: bridge.vlan_filtering,
        }),
        LinkKind::ExistingBridge { .. } => None,
    };
    Device {
        name: link.name.clone(),
        index: None,
        up: true,
        mac: link.mac.filter(|_| has_mac),
        mtu: link.mtu.map(u32::from),
        master: None,
        kind: DeviceKind::Bridge(settings),
    }
}
