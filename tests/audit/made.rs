//! A host that holds exactly what networks compile to, as the texts of a capture.

use std::fs;

use lanwright::audit::expect;
use lanwright::audit::generation::Generation;
use lanwright::audit::report::Report;
use lanwright::audit::{Question, audit};
use lanwright::backend::{Compiled, Layout, dnsmasq, iptables, nftables};
use lanwright::capture::{Text, read};
use lanwright::diagnostic::Sink;
use lanwright::firewall::{Base, Chain, Family, Hook, Policy, Rule, Ruleset, Table, TableFamily};
use lanwright::lower::{FirewallLayout, Ir, encode, lower};
use lanwright::network::{self, NetworkSet};
use lanwright::source::{Source, Sources};
use lanwright::state::{HostState, LinkKind};
use lanwright::xml;
use serde_json::{Value, json};

use super::common::Case;

/// Networks and the host that they were compiled for.
pub struct Made {
    pub networks: NetworkSet,
    pub layout: Generation,
    pub ir: Ir,
}

impl Made {
    pub fn of(case: &Case, layout: Generation) -> Self {
        let (mut sources, mut sink) = (Sources::default(), Sink::default());
        for input in &case.inputs {
            let text = fs::read_to_string(input).expect("the corpus is text");
            let text = text.trim_start_matches('\u{feff}').to_owned();
            sources.add(Source::new(input.display().to_string(), text));
        }
        let declared = sources.iter();
        let declared = declared.filter_map(|(id, source)| xml::read(id, source, &mut sink));
        let declared = declared.collect();
        let networks = network::assemble(declared, &mut sink).expect("the corpus compiles");
        Made {
            ir: lower(&networks),
            networks,
            layout,
        }
    }

    pub fn audit(&self, texts: Vec<Text>) -> Report {
        let capture = read(texts);
        audit(Question {
            networks: &self.networks,
            files: &[],
            capture: &capture,
            host: "made",
        })
    }

    /// The texts of the host.
    pub fn texts(&self) -> Vec<Text> {
        let mut texts = self.rules();
        let state = &self.ir.state;
        texts.push(listing("link.json", links(state)));
        texts.push(listing("addr.json", addresses(state)));
        texts.push(listing("route.json", routes(state, Family::Ipv4)));
        texts.push(listing("route6.json", routes(state, Family::Ipv6)));
        // `sysctl` prints a dot within a name as a slash.
        let setting = |it: &lanwright::state::Sysctl| {
            let parts = it.key.iter().map(|part| part.replace('.', "/"));
            format!("{} = {}\n", parts.collect::<Vec<_>>().join("."), it.value)
        };
        let settings: Vec<String> = state.sysctls.iter().map(setting).collect();
        texts.push(text("sysctl.txt", settings.concat()));
        let compiled = Compiled {
            state,
            policy: &self.ir.policy,
            layout: match self.layout {
                Generation::Lanwright => Layout::Native,
                Generation::BuiltInChains | Generation::Chains | Generation::Nftables => {
                    Layout::Libvirt
                }
            },
        };
        let files = dnsmasq::emit(&compiled).artifacts;
        texts.extend(files.into_iter().map(|file| text(&file.path, file.text)));
        texts
    }

    fn rules(&self) -> Vec<Text> {
        let policy = &self.ir.policy;
        match self.layout {
            Generation::Chains => dumps(&encode(policy, FirewallLayout::Iptables)),
            Generation::BuiltInChains => dumps(&built_in(policy)),
            Generation::Nftables => listed(&encode(policy, FirewallLayout::LibvirtNftables)),
            Generation::Lanwright => listed(&encode(policy, FirewallLayout::Lanwright)),
        }
    }
}

pub fn text(name: &str, text: String) -> Text {
    Text {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    }
}

fn listing(name: &str, value: Vec<Value>) -> Text {
    let value = Value::Array(value);
    text(
        name,
        serde_json::to_string_pretty(&value).expect("it is JSON"),
    )
}

fn dumps(ruleset: &Ruleset) -> Vec<Text> {
    let dump = |family| iptables::print(ruleset, family).expect("iptables can say it");
    vec![
        text("iptables-save.txt", dump(Family::Ipv4)),
        text("ip6tables-save.txt", dump(Family::Ipv6)),
    ]
}

fn listed(ruleset: &Ruleset) -> Vec<Text> {
    let listing = nftables::print(ruleset).expect("nft can say it");
    vec![text("nft.txt", listing)]
}

/// Rules as libvirt before 5.1 left them: in the built-in chains, the network started last on top.
fn built_in(policy: &Policy) -> Ruleset {
    const CHAINS: [(&str, &[Hook]); 3] = [
        ("filter", &[Hook::Input, Hook::Forward, Hook::Output]),
        ("nat", &[Hook::Prerouting, Hook::Output, Hook::Postrouting]),
        ("mangle", &[Hook::Forward, Hook::Postrouting]),
    ];
    let networks = policy.networks.iter().rev();
    let blocks: Vec<_> = networks
        .flat_map(|network| expect::blocks(network, Generation::BuiltInChains))
        .collect();
    let mut tables = Vec::new();
    for family in [TableFamily::Ip, TableFamily::Ip6] {
        for (name, hooks) in CHAINS {
            let chain = |hook: &Hook| {
                let chain = hook.iptables_chain().expect("it is one of iptables'");
                let here = blocks.iter().filter(|block| {
                    (block.family, &*block.table, &*block.chain) == (family, name, chain)
                });
                let rules: Vec<Rule> = here.flat_map(|block| block.rules.clone()).collect();
                Chain {
                    base: Some(Base::of_iptables(name, *hook)),
                    ..Chain::regular(chain, rules)
                }
            };
            tables.push(Table::new(family, name, hooks.iter().map(chain).collect()));
        }
    }
    Ruleset { tables }
}

fn links(state: &HostState) -> Vec<Value> {
    let link = |(at, link): (usize, &lanwright::state::Link)| {
        let (stp, delay, filtering) = match &link.kind {
            LinkKind::Bridge(bridge) => (
                u8::from(bridge.stp),
                bridge.effective_delay_seconds() * 100,
                u8::from(bridge.vlan_filtering),
            ),
            LinkKind::ExistingBridge { vlan_filtering } => (0, 1500, u8::from(*vlan_filtering)),
        };
        json!({
            "ifindex": at + 2,
            "ifname": link.name.as_str(),
            "flags": ["BROADCAST", "MULTICAST", "UP"],
            "mtu": link.mtu.unwrap_or(1500),
            "link_type": "ether",
            "address": link.mac.map_or("52:54:00:aa:bb:cc".to_owned(), |mac| mac.to_string()),
            "linkinfo": {"info_kind": "bridge", "info_data": {
                "forward_delay": delay, "stp_state": stp, "vlan_filtering": filtering,
            }},
        })
    };
    state.links.iter().enumerate().map(link).collect()
}

fn addresses(state: &HostState) -> Vec<Value> {
    let address = |address: &lanwright::state::Address| {
        json!({
            "ifname": address.link.as_str(),
            "addr_info": [{
                "local": address.ip().to_string(),
                "prefixlen": address.address.prefix_len(),
                "scope": "global",
            }],
        })
    };
    let mut listed: Vec<Value> = state.addresses.iter().map(address).collect();
    listed.push(json!({"ifname": "lo", "addr_info": [
        {"local": "127.0.0.1", "prefixlen": 8, "scope": "host"},
    ]}));
    listed
}

fn routes(state: &HostState, family: Family) -> Vec<Value> {
    let of_family = state.routes.iter();
    let of_family = of_family.filter(|route| Family::of(&route.destination) == family);
    of_family
        .map(|route| {
            let mut object = json!({
                "dst": route.destination.to_string(),
                "gateway": route.gateway.to_string(),
                "dev": route.link.as_str(),
            });
            if let Some(metric) = route.metric {
                object["metric"] = metric.into();
            }
            object
        })
        .collect()
}
