//! From the texts of a host to a [`Capture`]: each text to its reader, each result to its place.

use std::collections::BTreeSet;

use super::service::Texts;
use super::{
    Capture, CapturedFile, CapturedRuleset, FileId, Gap, Role, RuleTool, Text, Topic, Variant,
    address, bridge, definition, device, lease, macs, process, role, route, service, sysctl,
    traffic,
};
use crate::backend::gap::{Reading, Unread};
use crate::backend::{iptables, nftables};
use crate::firewall::{Family, Ruleset, Table, TableFamily};

/// What the texts of a host tell. Texts that are no UTF-8 are read all the same, and said so.
pub fn read(mut texts: Vec<Text>) -> Capture {
    texts.sort_by(|one, other| one.name.cmp(&other.name));
    let mut reader = Reader::default();
    for text in texts {
        reader.take(text);
    }
    service::read(&mut reader.capture, std::mem::take(&mut reader.services));
    let places = lease::Places::new(&reader.capture);
    for (file, text) in std::mem::take(&mut reader.leases) {
        let read = lease::read(&text, reader.capture.name(file), &places);
        let leases = reader.accept(file, read);
        reader.capture.state.leases.extend(leases);
    }
    reader.capture
}

#[derive(Default)]
struct Reader {
    capture: Capture,
    /// The texts that only make sense together.
    services: Texts,
    /// Leases, whose links are known when all else is read.
    leases: Vec<(FileId, String)>,
}

impl Reader {
    fn take(&mut self, file: Text) {
        let id = FileId(self.capture.files.len());
        let text = String::from_utf8_lossy(&file.bytes);
        // Editors of other systems put a mark there, which no reader of ours expects.
        let text = text.trim_start_matches('\u{feff}');
        let role = role::role(&file, text);
        let name = file.name.clone();
        if name.starts_with("dnsmasq/") {
            // Whatever is in the folder: somebody looked for dnsmasq's files.
            self.capture.topics.insert(Topic::Services);
        }
        self.capture.files.push(CapturedFile { name, role });
        let Some(role) = role else {
            return;
        };
        if std::str::from_utf8(&file.bytes).is_err() {
            let message = "the file is not UTF-8 text; what is not was replaced".to_owned();
            self.complain(id, vec![Unread { line: 0, message }]);
        }
        self.topic(role);
        self.read(id, role, text);
    }

    fn topic(&mut self, role: Role) {
        let topic = match role {
            // Which families these are of shows as they are read.
            Role::Iptables(_, _) | Role::Listing(_, _) => return,
            Role::NftText | Role::NftJson => Topic::Nft,
            Role::Links => Topic::Links,
            Role::Addresses => Topic::Addresses,
            Role::Routes(family) => Topic::Routes(family),
            Role::Traffic => Topic::Traffic,
            Role::Sysctls => Topic::Sysctls,
            Role::DnsmasqConf | Role::DnsmasqHosts | Role::DnsmasqNames => Topic::Services,
            Role::Leases => Topic::Leases,
            Role::Processes => Topic::Processes,
            Role::BridgePorts | Role::Macs | Role::Definition | Role::Inventory => return,
        };
        self.capture.topics.insert(topic);
    }

    fn read(&mut self, id: FileId, role: Role, text: &str) {
        match role {
            Role::Iptables(variant, family) => self.dumps(id, variant, family, text),
            Role::Listing(variant, family) => self.listing(id, variant, family, text),
            Role::NftText => self.nft(id, nftables::parse(text)),
            Role::NftJson => self.nft(id, nftables::parse_json(text)),
            Role::Links => {
                let read = device::read(text);
                let devices = self.accept(id, read);
                self.capture.devices.extend(devices);
            }
            Role::Addresses => {
                let read = address::read(text);
                let addresses = self.accept(id, read);
                self.capture.state.addresses.extend(addresses);
            }
            Role::Routes(family) => {
                let read = route::read(text, family);
                let routes = self.accept(id, read);
                self.capture.state.routes.extend(routes);
                self.capture
                    .kernel_routes
                    .extend(route::kernel(text, family));
            }
            Role::Sysctls => {
                let read = sysctl::read(text);
                let sysctls = self.accept(id, read);
                self.capture.state.sysctls.extend(sysctls);
            }
            Role::DnsmasqConf | Role::DnsmasqHosts | Role::DnsmasqNames => {
                self.services.insert(id, text.to_owned());
            }
            Role::BridgePorts => {
                let read = bridge::read(text);
                let found = self.accept(id, read);
                self.capture.bridging.extend(found);
            }
            Role::Traffic => {
                let read = traffic::read(text, self.capture.name(id), id);
                let told = self.accept(id, read);
                self.capture.state.shaping.extend(told.shaping);
                self.capture.queueing.extend(told.queueing);
            }
            Role::Leases => self.leases.push((id, text.to_owned())),
            Role::Macs => {
                let read = macs::read(text, self.capture.name(id));
                let guests = self.accept(id, read);
                self.capture.guests.extend(guests);
            }
            Role::Definition => {
                let read = definition::read(text, id);
                let definitions = self.accept(id, read);
                self.capture.definitions.extend(definitions);
            }
            Role::Processes => {
                let read = process::read(text);
                let processes = self.accept(id, read);
                self.capture.processes.extend(processes);
            }
            Role::Inventory => {}
        }
    }

    /// The value of a reading; what could not be read is noted.
    fn accept<T>(&mut self, file: FileId, read: Reading<T>) -> T {
        self.complain(file, read.unread);
        read.value
    }

    fn complain(&mut self, file: FileId, unread: Vec<Unread>) {
        let gaps = unread.into_iter().map(|unread| Gap { file, unread });
        self.capture.gaps.extend(gaps);
    }

    /// A text may hold the dumps of several tools. Of two of the same tool the first counts, as
    /// nothing says which is of now.
    fn dumps(&mut self, file: FileId, variant: Variant, family: Family, text: &str) {
        let assumed = iptables::Assumed {
            family,
            table: "filter",
        };
        let read = iptables::parse_dumps(text, assumed);
        let nothing = read.value.is_empty();
        let complete = read.unread.is_empty();
        let mut seen = BTreeSet::new();
        for dump in self.accept(file, read) {
            let said = match dump.variant {
                Variant::Unknown => variant,
                said @ (Variant::Legacy | Variant::Nft) => said,
            };
            if seen.insert((said, dump.family)) {
                let tool = RuleTool::Iptables(said, dump.family);
                self.ruleset(file, tool, dump.ruleset, dump.complete);
            } else {
                let unread = Unread {
                    line: dump.line,
                    message: "another dump of the same tool begins here".to_owned(),
                };
                self.complain(file, vec![unread]);
            }
        }
        // An empty dump is one all the same: the host has no rules.
        if nothing {
            let tool = RuleTool::Iptables(variant, family);
            self.ruleset(file, tool, Ruleset::default(), complete);
        }
    }

    /// A listing may hold both families; what it does not show is noted as what was not read.
    fn listing(&mut self, file: FileId, variant: Variant, family: Family, text: &str) {
        let listing = iptables::read_listing(text, family);
        let lost = listing.losses.into_iter().map(|loss| Unread {
            line: loss.line,
            message: loss.kind.to_string(),
        });
        self.complain(file, listing.unread.into_iter().chain(lost).collect());
        let (six, four): (Vec<Table>, Vec<Table>) = listing
            .ruleset
            .tables
            .into_iter()
            .partition(|table| table.family == TableFamily::Ip6);
        for (family, tables) in [(Family::Ipv4, four), (Family::Ipv6, six)] {
            if !tables.is_empty() {
                let tool = RuleTool::Iptables(variant, family);
                self.ruleset(file, tool, Ruleset { tables }, false);
            }
        }
    }

    fn nft(&mut self, file: FileId, read: Reading<Ruleset>) {
        let complete = read.unread.is_empty();
        let ruleset = self.accept(file, read);
        self.ruleset(file, RuleTool::Nft, ruleset, complete);
    }

    fn ruleset(&mut self, file: FileId, tool: RuleTool, ruleset: Ruleset, complete: bool) {
        if let RuleTool::Iptables(_, family) = tool {
            self.capture.topics.insert(Topic::Iptables(family));
        }
        self.capture.rulesets.push(CapturedRuleset {
            file,
            tool,
            ruleset,
            complete,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> Text {
        Text {
            name: name.to_owned(),
            bytes: text.into(),
        }
    }

    #[test]
    fn each_text_comes_to_its_place_and_the_rest_is_listed() {
        let capture = read(vec![
            text(
                "iptables-save.txt",
                "*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
            ),
            text(
                "link.json",
                "[{\"ifname\":\"virbr0\",\"link_type\":\"ether\",\"flags\":[\"UP\"]}]",
            ),
            text(
                "dnsmasq/a&b.conf",
                "interface=virbr0\ndhcp-range=192.0.2.9,static\n",
            ),
            text("dnsmasq/a&amp;b.hostsfile", "52:54:00:00:00:01,192.0.2.9\n"),
            text("dnsmasq/b.hostsfile", "52:54:00:00:00:02,192.0.2.9\n"),
            text("notes", "prose"),
        ]);
        assert!(capture.observed(Topic::Iptables(Family::Ipv4)));
        assert!(!capture.observed(Topic::Nft));
        assert_eq!(capture.rulesets.len(), 1);
        assert_eq!(capture.devices.len(), 1);
        assert!(capture.services[0].hosts.is_some());
        let last = capture.gaps.last().expect("one file belongs to no dnsmasq");
        assert_eq!(capture.name(last.file), "dnsmasq/b.hostsfile");
        let aside: Vec<&str> = capture
            .files
            .iter()
            .filter(|f| f.role.is_none())
            .map(|f| f.name.as_str())
            .collect();
        assert_eq!(aside, ["notes"]);
    }

    #[test]
    fn a_text_may_hold_the_dumps_of_several_tools() {
        let dump = |tool: &str, policy: &str| {
            format!("# Generated by {tool} on T\n*filter\n:INPUT {policy} [0:0]\nCOMMIT\n")
        };
        let all = [
            dump("iptables-save v1.8.9", "DROP"),
            dump("ip6tables-nft-save v1.8.9 (nf_tables)", "DROP"),
            dump("iptables-save v1.8.9", "ACCEPT"),
        ];
        let capture = read(vec![text("notes", &all.concat())]);
        let tools: Vec<RuleTool> = capture.rulesets.iter().map(|each| each.tool).collect();
        assert_eq!(
            tools,
            [
                RuleTool::Iptables(Variant::Legacy, Family::Ipv4),
                RuleTool::Iptables(Variant::Nft, Family::Ipv6),
            ]
        );
        let lines: Vec<usize> = capture.gaps.iter().map(|gap| gap.unread.line).collect();
        assert_eq!(lines, [10]);
    }

    #[test]
    fn a_listing_counts_where_there_is_no_dump() {
        let listing = "# iptables -L\nChain INPUT (policy ACCEPT)\n\n\
            # ip6tables -L\nChain INPUT (policy DROP)\n";
        let dump = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n";
        let capture = read(vec![
            text("a-ticket.txt", listing),
            text("rules.txt", dump),
            text("z-ticket.txt", listing),
        ]);
        let counts = |family| {
            let tool = RuleTool::Iptables(Variant::Unknown, family);
            let present = capture.present();
            let found = present.iter().find(|ruleset| ruleset.tool == tool);
            found.map(|ruleset| (capture.name(ruleset.file).to_owned(), ruleset.complete))
        };
        assert_eq!(counts(Family::Ipv4), Some(("rules.txt".to_owned(), true)));
        assert_eq!(
            counts(Family::Ipv6),
            Some(("z-ticket.txt".to_owned(), false))
        );
        assert!(capture.observed(Topic::Iptables(Family::Ipv6)));
    }

    #[test]
    fn the_last_dump_by_name_counts() {
        let rules = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n";
        let capture = read(vec![
            text("iptables-save-1-up.txt", rules),
            text("iptables-save-0-before.txt", "*filter\nCOMMIT\n"),
        ]);
        let present = capture.present();
        assert_eq!(present.len(), 1);
        assert_eq!(capture.name(present[0].file), "iptables-save-1-up.txt");
    }
}
