//! Arbitrary bytes as network XML: nothing panics, hangs or grows without bounds, and what is
//! accepted prints back to itself and becomes a sound tree.
//!
//! A NUL byte, which no XML holds, separates several networks of one host.

#![no_main]

use std::collections::BTreeSet;

use lanwright::backend::{Artifact, BACKENDS, Compiled, Layout, dnsmasq, iptables, nftables};
use lanwright::diagnostic::json::Report;
use lanwright::diagnostic::{Sink, render};
use lanwright::firewall::{Family, Ruleset, TableFamily};
use lanwright::lower::{self, FirewallLayout, Ir};
use lanwright::network::{self, Network, NetworkSet};
use lanwright::source::{Source, Sources};
use lanwright::xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let texts: Vec<&str> = text.split('\0').take(4).collect();
    let mut declared = Vec::new();
    for text in &texts {
        let id = sources.add(Source::new("fuzz.xml", *text));
        declared.extend(xml::read(id, sources.get(id), &mut sink));
    }
    let complete = declared.len() == texts.len();
    assert!(complete || sink.has_errors(), "refused without a word");
    for network in &declared {
        round_trip(&network.network);
    }
    let set = network::assemble(declared, &mut sink);
    for diagnostic in sink.sorted().into_iter().take(20) {
        harmless(&render::render(diagnostic, &sources).replace("\x1b[", ""));
    }
    Report::new(&sink, &sources);
    if let Some(set) = set.filter(|_| complete && !sink.has_errors()) {
        compiles(&set);
    }
});

fn round_trip(network: &Network) {
    let printed = xml::write::print(network);
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let id = sources.add(Source::new("printed.xml", printed));
    let again = xml::read(id, sources.get(id), &mut sink).map(|declared| declared.network);
    let text = sources.get(id).text();
    assert_eq!(
        again.as_ref(),
        Some(network),
        "{text}\n{:#?}",
        sink.sorted()
    );
}

fn compiles(set: &NetworkSet) {
    let ir = lower::lower(set);
    for layout in [Layout::Native, Layout::Libvirt] {
        let tree = tree(&ir, layout);
        sound(&tree, layout);
        assert_eq!(tree, self::tree(&lower::lower(set), layout));
        for service in &ir.state.services {
            dnsmasq_reads_back(service, layout);
        }
    }
    rules_read_back(&ir);
}

fn tree(ir: &Ir, layout: Layout) -> Vec<Artifact> {
    let compiled = Compiled {
        state: &ir.state,
        policy: &ir.policy,
        layout,
    };
    let outputs = BACKENDS.iter().map(|backend| (backend.emit)(&compiled));
    outputs.flat_map(|output| output.artifacts).collect()
}

/// Paths stay in the tree and are one file each; texts are whole lines of printable characters.
fn sound(tree: &[Artifact], layout: Layout) {
    let mut paths = BTreeSet::new();
    for Artifact { path, text, .. } in tree {
        assert!(paths.insert(path), "'{path}' twice");
        let mut parts = path.split('/');
        assert!(path.chars().all(|c| !c.is_control()), "{path:?}");
        // What libvirt calls its files may be too long for it, too.
        let most = if layout == Layout::Native {
            255
        } else {
            usize::MAX
        };
        assert!(
            parts.all(|part| !matches!(part, "" | "." | "..") && part.len() <= most),
            "{path}"
        );
        assert!(text.is_empty() || text.ends_with('\n'), "{path} is cut off");
        harmless(text);
    }
}

fn harmless(text: &str) {
    let broken = text
        .chars()
        .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(broken, None, "{text}");
}

fn rules_read_back(ir: &Ir) {
    for layout in [FirewallLayout::Lanwright, FirewallLayout::LibvirtNftables] {
        let ruleset = lower::encode(&ir.policy, layout);
        let text = nftables::print(&ruleset).expect("nft can say it");
        assert_eq!(nftables::parse(&text).complete(), Some(ruleset), "{text}");
    }
    let ruleset = lower::encode(&ir.policy, FirewallLayout::Lanwright);
    let text = nftables::transaction(&ruleset).expect("nft can say it");
    assert_eq!(nftables::parse(&text).complete(), Some(ruleset), "{text}");
    let ruleset = lower::encode(&ir.policy, FirewallLayout::Iptables);
    for (family, of) in [
        (Family::Ipv4, TableFamily::Ip),
        (Family::Ipv6, TableFamily::Ip6),
    ] {
        let text = iptables::print(&ruleset, family).expect("iptables can say it");
        let tables = ruleset.tables.iter().filter(|table| table.family == of);
        let tables = tables.cloned().collect();
        assert_eq!(
            iptables::parse(&text, family).complete(),
            Some(Ruleset { tables }),
            "{text}"
        );
    }
}

/// Declared options are anything, also lines that are others' to say: with them it need only read.
fn dnsmasq_reads_back(service: &lanwright::state::Dnsmasq, layout: Layout) {
    let conf = dnsmasq::print_conf(service, layout);
    let (hosts, names) = (dnsmasq::print_hosts(service), dnsmasq::print_names(service));
    let read = dnsmasq::parse(&dnsmasq::Files {
        stem: service.network.as_str(),
        conf: &conf,
        hosts: &hosts,
        names: &names,
    });
    let read = read.expect("it is a configuration of ours");
    if service.options.is_empty() {
        assert_eq!(read.unread, [] as [&str; 0], "{conf}{hosts}{names}");
        assert_eq!(&read.service, service, "{conf}{hosts}{names}");
    }
}
