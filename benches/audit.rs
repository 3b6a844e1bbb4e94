//! How long an audit takes of many networks against the dump of the host that runs them: 1,000 NAT
//! networks with DHCP, rules, bridges, addresses, settings and dnsmasq's files.
//!
//! `cargo bench --bench audit`; reading the capture's texts is measured apart.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lanwright::audit::{Question, audit};
use lanwright::backend::{Compiled, Layout, dnsmasq, iptables, nftables};
use lanwright::capture::{Text, read};
use lanwright::diagnostic::Sink;
use lanwright::firewall::Family;
use lanwright::lower::{FirewallLayout, Ir, encode, lower};
use lanwright::network::{self, NetworkSet};
use lanwright::source::{Source, Sources};
use lanwright::xml;

/// The XML of the network with this number: its own /24, bridge, range and a host.
fn network_xml(number: usize) -> String {
    let (a, b) = (number / 256 % 256, number % 256);
    let net = format!("10.{a}.{b}");
    format!(
        "<network>\n  <name>net{number}</name>\n  <forward mode='nat'/>\n  \
         <bridge name='lw{number}'/>\n  <ip address='{net}.1' netmask='255.255.255.0'>\n    \
         <dhcp>\n      <range start='{net}.100' end='{net}.200'/>\n      \
         <host mac='52:54:00:00:{a:02x}:{b:02x}' name='one' ip='{net}.11'/>\n    \
         </dhcp>\n  </ip>\n</network>\n"
    )
}

fn networks(count: usize) -> NetworkSet {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    for number in 0..count {
        let name = format!("net{number}.xml");
        sources.add(Source::new(name, network_xml(number)));
    }
    let declared = sources
        .iter()
        .filter_map(|(id, source)| xml::read(id, source, &mut sink))
        .collect();
    network::assemble(declared, &mut sink).expect("the networks are good")
}

fn text(name: &str, text: String) -> Text {
    Text {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    }
}

/// What a host that runs these networks tells.
fn texts(ir: &Ir, layout: FirewallLayout) -> Vec<Text> {
    let ruleset = encode(&ir.policy, layout);
    let mut texts = match layout {
        FirewallLayout::Iptables => [
            ("iptables-save.txt", Family::Ipv4),
            ("ip6tables-save.txt", Family::Ipv6),
        ]
        .map(|(name, family)| text(name, iptables::print(&ruleset, family).expect("it is said")))
        .to_vec(),
        FirewallLayout::LibvirtNftables | FirewallLayout::Lanwright => {
            vec![text(
                "nft.txt",
                nftables::print(&ruleset).expect("it is said"),
            )]
        }
    };
    let links = ir.state.links.iter().map(|link| {
        format!(
            "{{\"ifname\":\"{}\",\"flags\":[\"UP\"],\"link_type\":\"ether\",\"linkinfo\":\
             {{\"info_kind\":\"bridge\",\"info_data\":{{\"forward_delay\":200,\"stp_state\":1,\
             \"vlan_filtering\":0}}}}}}",
            link.name
        )
    });
    let links: Vec<String> = links.collect();
    texts.push(text("link.json", format!("[{}]", links.join(","))));
    let addresses = ir.state.addresses.iter().map(|address| {
        format!(
            "{{\"ifname\":\"{}\",\"addr_info\":[{{\"local\":\"{}\",\"prefixlen\":{}}}]}}",
            address.link,
            address.ip(),
            address.address.prefix_len()
        )
    });
    let addresses: Vec<String> = addresses.collect();
    texts.push(text("addr.json", format!("[{}]", addresses.join(","))));
    let sysctls = ir.state.sysctls.iter();
    let sysctls = sysctls.map(|it| format!("{} = {}\n", it.key.join("."), it.value));
    texts.push(text("sysctl.txt", sysctls.collect()));
    let compiled = Compiled {
        state: &ir.state,
        policy: &ir.policy,
        layout: Layout::Libvirt,
    };
    let files = dnsmasq::emit(&compiled).artifacts;
    texts.extend(files.into_iter().map(|file| text(&file.path, file.text)));
    texts
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("audit");
    group.sample_size(10);
    for count in [1, 100, 1_000] {
        let networks = networks(count);
        let ir = lower(&networks);
        for layout in FirewallLayout::ALL {
            let texts = texts(&ir, layout);
            let name = format!("read/{layout}");
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| black_box(read(texts.clone())));
            });
            let capture = read(texts);
            let question = Question {
                networks: &networks,
                files: &[],
                capture: &capture,
                host: "made",
            };
            assert!(audit(question).is_clean(), "the host is as compiled");
            let name = format!("compare/{layout}");
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| black_box(audit(question)));
            });
        }
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
