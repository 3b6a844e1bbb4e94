//! Two sides' rules, compared by what they mean: the words for what [`proof`](crate::proof) found.
//!
//! Only families that both sides tell of are compared. What is not rules for packets of IP (frames
//! on a bridge, ARP), and lines that were not understood, leave the answer open.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::Serialize;

use super::DiffVerdict;
use super::side::{self, Side};
use crate::audit::layer::{self, Layer};
use crate::audit::report::Place;
use crate::capture::{Capture, Topic};
use crate::firewall::{Family, Hook, Protocol, TableFamily};
use crate::proof::chain::{Decider, Undecided};
use crate::proof::compare::{Compared, Group, SideOf, Verdict, compare};
use crate::proof::hook::Part;
use crate::proof::outcome::{End, Refusal};
use crate::proof::program::{self, Program, Words, program};
use crate::proof::question::{Field, Packet};

/// What `diff --meaning --format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MeaningReport {
    /// Whether they treat every packet alike.
    pub verdict: DiffVerdict,
    /// Where they do not, one for each pair of rules that decide.
    pub differences: Vec<MeaningDifference>,
    /// The packet of the first difference.
    pub witness: Option<Witness>,
    /// What was not found out, and why.
    pub undecided: Vec<Open>,
    /// What only one side tells of: `ipv4`, `ipv6`.
    pub not_compared: Vec<String>,
}

/// Packets that two rules treat differently.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MeaningDifference {
    /// Where in the kernel: `forward`, and the like.
    pub hook: String,
    /// Which chains there: `raw`, `filter`, `nat`, `after-nat`.
    pub part: String,
    /// Whether they surely are treated differently: else it depends on what is assumed, or only
    /// what is done on the way differs.
    pub certain: bool,
    /// What the first side does, and which rule.
    pub a: Decision,
    /// What the second side does.
    pub b: Decision,
    /// One such packet, as it comes there.
    pub witness: Witness,
}

/// What one side does with a packet.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Decision {
    /// `accept`, `drop`, `reject …`, or how the address is rewritten.
    pub verdict: String,
    /// The rule or policy that decides; nothing where no rule speaks against the packet.
    pub place: Option<Place>,
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Witness {
    /// The device it came in through.
    pub iif: Option<String>,
    /// The device it goes out through.
    pub oif: Option<String>,
    /// Its source.
    pub source: String,
    /// Its destination.
    pub destination: String,
    /// Its protocol.
    pub protocol: String,
    /// The port it comes from, if its protocol has ports.
    pub source_port: Option<u16>,
    /// The port it goes to.
    pub destination_port: Option<u16>,
    /// Type and code of an ICMP message.
    pub icmp: Option<[u8; 2]>,
    /// The state of its connection.
    pub state: String,
    /// Its mark.
    pub mark: u32,
    /// Whether it is a later fragment.
    pub fragment: bool,
    /// What is assumed of it besides: questions whose answer only the host knows, answered yes.
    pub assumed: Vec<String>,
}

/// Something that was not found out.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Open {
    /// Where in the kernel, if that is known.
    pub hook: Option<String>,
    /// Which side it is about: `a`, `b`, or `both`.
    pub side: String,
    /// Where that side has it.
    pub place: Option<Place>,
    /// Why.
    pub why: String,
}

/// Compares the rules of two sides, in every layout that both have.
pub fn meaning(a: &Side, b: &Side) -> MeaningReport {
    let reports = side::pairs(a, b).into_iter().map(|(a, b)| captures(&a, &b));
    let empty = MeaningReport {
        verdict: DiffVerdict::Equal,
        differences: Vec::new(),
        witness: None,
        undecided: Vec::new(),
        not_compared: Vec::new(),
    };
    reports.fold(empty, |mut whole, report| {
        whole.verdict = worse(whole.verdict, report.verdict);
        whole.differences.extend(report.differences);
        whole.witness = whole.witness.or(report.witness);
        whole.undecided.extend(report.undecided);
        whole.not_compared.extend(report.not_compared);
        whole.not_compared.dedup();
        whole
    })
}

fn worse(one: DiffVerdict, other: DiffVerdict) -> DiffVerdict {
    let rank = |verdict| match verdict {
        DiffVerdict::Equal => 0,
        DiffVerdict::Undecided => 1,
        DiffVerdict::MayDiffer => 2,
        DiffVerdict::Differs => 3,
    };
    if rank(one) >= rank(other) { one } else { other }
}

/// One side's rules.
struct Told<'a> {
    capture: &'a Capture,
    layers: Vec<Layer<'a>>,
    program: Program,
}

fn told<'a>(capture: &'a Capture, words: &mut Words) -> Told<'a> {
    let layers = layer::layers(capture);
    let name = |layer: &Layer<'_>| {
        capture
            .files
            .get(layer.file.0)
            .map(|file| file.name.clone())
    };
    let program = program(layers.iter().map(|it| (it.table, name(it))), words);
    Told {
        capture,
        layers,
        program,
    }
}

fn tells(capture: &Capture, family: Family) -> bool {
    capture.observed(Topic::Iptables(family)) || capture.observed(Topic::Nft)
}

/// Compares the rules of two captures.
pub fn captures(a: &Capture, b: &Capture) -> MeaningReport {
    let mut words = Words::default();
    let (a, b) = (told(a, &mut words), told(b, &mut words));
    let families = [(Family::Ipv4, "ipv4"), (Family::Ipv6, "ipv6")];
    let tell = |family| (tells(a.capture, family), tells(b.capture, family));
    let only: Vec<Family> = families
        .map(|it| it.0)
        .into_iter()
        .filter(|it| tell(*it) == (true, true))
        .collect();
    let one = families
        .into_iter()
        .filter(|(it, _)| tell(*it).0 != tell(*it).1);
    let mut report = MeaningReport {
        verdict: DiffVerdict::Equal,
        differences: Vec::new(),
        witness: None,
        undecided: open(&a, &b),
        not_compared: one.map(|(_, word)| word.to_owned()).collect(),
    };
    if only.is_empty() {
        report
            .undecided
            .push(whole("both", "there are no rules that both sides tell of"));
    }
    let has_open = !report.undecided.is_empty();
    let compared = match only.as_slice() {
        [] => Vec::new(),
        [one] => compare(&a.program, &b.program, &words, Some(*one)),
        _ => compare(&a.program, &b.program, &words, None),
    };
    for each in &compared {
        report.add(each, [&a.program, &b.program], &words);
    }
    report.verdict = match (report.verdict, has_open) {
        (DiffVerdict::Equal, true) => DiffVerdict::Undecided,
        (DiffVerdict::Differs, true) => DiffVerdict::MayDiffer,
        (verdict, _) => verdict,
    };
    report.witness = report.differences.first().map(|it| it.witness.clone());
    report
}

fn whole(side: &str, why: &str) -> Open {
    Open {
        hook: None,
        side: side.to_owned(),
        place: None,
        why: why.to_owned(),
    }
}

/// What leaves the answer open before anything is compared.
fn open(a: &Told<'_>, b: &Told<'_>) -> Vec<Open> {
    let mut found = Vec::new();
    for (side, told) in [("a", a), ("b", b)] {
        for gap in &told.capture.gaps {
            let file = told
                .capture
                .files
                .get(gap.file.0)
                .map(|file| file.name.clone());
            let place = Place {
                file,
                line: Some(gap.unread.line),
                ..Place::default()
            };
            let why = format!("not understood: {}", gap.unread.message);
            found.push(Open {
                place: Some(place),
                ..whole(side, &why)
            });
        }
    }
    let others = |told: &Told<'_>| {
        let frames = |layer: &&Layer<'_>| {
            let at_devices = layer.table.chains.iter().any(|chain| {
                let base = chain.base.as_ref();
                base.is_some_and(|base| matches!(base.hook, Hook::Ingress | Hook::Egress))
            });
            at_devices || !program::is_ip(layer.table)
        };
        let tables = told.layers.iter().filter(frames);
        tables.map(|layer| layer.table.clone()).collect::<Vec<_>>()
    };
    if others(a) != others(b) {
        let why = "rules for frames, of bridges, ARP or single devices, are not compared";
        found.push(whole("both", why));
    }
    found
}

impl MeaningReport {
    fn add(&mut self, compared: &Compared, programs: [&Program; 2], words: &Words) {
        self.verdict = worse(
            self.verdict,
            match compared.verdict {
                Verdict::Equal => DiffVerdict::Equal,
                Verdict::Undecided => DiffVerdict::Undecided,
                Verdict::MayDiffer => DiffVerdict::MayDiffer,
                Verdict::Differs => DiffVerdict::Differs,
            },
        );
        let certain = compared.verdict == Verdict::Differs;
        for group in &compared.groups {
            let [a, b] = [0, 1].map(|at| decision(group, at, programs[at], words));
            self.differences.push(MeaningDifference {
                hook: compared.hook.word().to_owned(),
                part: part(compared.part).to_owned(),
                certain,
                a,
                b,
                witness: witness(&group.packet, words),
            });
        }
        if let Some((side, Undecided { why, at })) = &compared.undecided {
            let (side, program) = match side {
                SideOf::First => ("a", Some(programs[0])),
                SideOf::Second => ("b", Some(programs[1])),
                SideOf::Both => ("both", None),
            };
            let place = at.and_then(|at| Some(place(program?, at)));
            let hook = Some(compared.hook.word().to_owned());
            self.undecided.push(Open {
                hook,
                place,
                ..whole(side, why)
            });
        }
    }
}

fn part(part: Part) -> &'static str {
    match part {
        Part::BeforeTracking => "raw",
        Part::Filter => "filter",
        Part::Nat => "nat",
        Part::AfterNat => "after-nat",
    }
}

fn place(program: &Program, at: Decider) -> Place {
    let Some(table) = program.tables.get(at.table) else {
        return Place::default();
    };
    let family = match table.family {
        TableFamily::Ip => "ip",
        TableFamily::Ip6 => "ip6",
        TableFamily::Inet => "inet",
        TableFamily::Arp => "arp",
        TableFamily::Bridge => "bridge",
        TableFamily::Netdev => "netdev",
    };
    let chain = table.chains.get(at.chain);
    let rule = chain.and_then(|chain| chain.rules.get(at.rule?));
    Place {
        file: table.file.clone(),
        line: rule.and_then(|rule| rule.line),
        table: Some(format!("{family} {}", table.name)),
        chain: chain.map(|chain| chain.name.clone()),
        position: at.rule.map(|at| at + 1),
    }
}

fn decision(group: &Group, at: usize, program: &Program, words: &Words) -> Decision {
    let verdict = match group.ends[at] {
        End::On | End::Back | End::Accept => "accept".to_owned(),
        End::Drop => "drop".to_owned(),
        End::Reject(Refusal::Reset) => "reject with tcp reset".to_owned(),
        End::Reject(Refusal::Icmp(code)) => format!("reject with icmp unreachable code {code}"),
        End::Reject(Refusal::Icmpv6(code)) => format!("reject with icmpv6 unreachable code {code}"),
        End::Nat(to) => words.translations.text(to).to_owned(),
    };
    Decision {
        verdict,
        place: group.deciders[at].map(|at| place(program, at)),
    }
}

fn witness(packet: &Packet, words: &Words) -> Witness {
    let number = |field| packet.value(field);
    let is_ipv6 = number(Field::Family) == 1;
    let address = |four, six| match is_ipv6 {
        true => Ipv6Addr::from(number(six)).to_string(),
        false => Ipv4Addr::from(u32::try_from(number(four)).unwrap_or_default()).to_string(),
    };
    let byte = |field| u8::try_from(number(field)).unwrap_or_default();
    let protocol = byte(Field::Protocol);
    let fragment = number(Field::Fragment) == 1;
    let has_ports = crate::proof::asked::WITH_PORTS.contains(&protocol) && !fragment;
    let port = |field| u16::try_from(number(field)).ok().filter(|_| has_ports);
    let is_icmp = [Protocol::ICMP.0, Protocol::ICMPV6.0].contains(&protocol) && !fragment;
    let states = ["new", "established", "related", "invalid", "untracked"];
    let state = usize::try_from(number(Field::State))
        .ok()
        .and_then(|at| states.get(at));
    let assumed: BTreeSet<&str> = packet
        .granted
        .iter()
        .map(|number| words.opaque.text(*number))
        .collect();
    Witness {
        iif: packet.came_in.as_ref().map(ToString::to_string),
        oif: packet.goes_out.as_ref().map(ToString::to_string),
        source: address(Field::Source4, Field::Source6),
        destination: address(Field::Destination4, Field::Destination6),
        protocol: Protocol(protocol).to_string(),
        source_port: port(Field::SourcePort),
        destination_port: port(Field::DestinationPort),
        icmp: is_icmp.then(|| [byte(Field::IcmpType), byte(Field::IcmpCode)]),
        state: (*state.unwrap_or(&"new")).to_owned(),
        mark: u32::try_from(number(Field::Mark)).unwrap_or_default(),
        fragment,
        assumed: assumed.into_iter().map(ToOwned::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Text, read};

    fn capture(name: &str, text: &str) -> Capture {
        read(vec![Text {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
        }])
    }

    const IPTABLES: &str = "*filter\n:FORWARD DROP [0:0]\n\
        -A FORWARD -i virbr0 -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n";
    const NFT: &str = "table ip filter {\n chain f {\n \
        type filter hook forward priority 0; policy drop;\n \
        iifname vmap { \"virbr0\" : jump out }\n }\n \
        chain out {\n ip saddr 192.0.2.0/24 accept\n }\n}\n";

    #[test]
    fn two_tools_say_the_same() {
        let (a, b) = (capture("a.rules", IPTABLES), capture("b.nft", NFT));
        let report = captures(&a, &b);
        assert_eq!(report.verdict, DiffVerdict::Equal, "{report:?}");
        assert_eq!(report.not_compared, ["ipv6"]);
    }

    #[test]
    fn a_difference_has_a_packet_and_both_rules() {
        let other = IPTABLES.replace("/24", "/25");
        let (a, b) = (capture("a.rules", IPTABLES), capture("b.rules", &other));
        let report = captures(&a, &b);
        assert_eq!(report.verdict, DiffVerdict::Differs);
        let [only] = report.differences.as_slice() else {
            unreachable!("one pair of deciders: {report:?}");
        };
        assert_eq!(
            (only.a.verdict.as_str(), only.b.verdict.as_str()),
            ("accept", "drop")
        );
        let line = |decision: &Decision| decision.place.as_ref().and_then(|place| place.line);
        assert_eq!((line(&only.a), line(&only.b)), (Some(3), None));
        let packet = report.witness.expect("there is one");
        assert_eq!(packet.source, "192.0.2.128");
        assert_eq!(packet.iif.as_deref(), Some("virbr0"));
    }

    #[test]
    fn a_line_that_is_not_understood_leaves_it_open() {
        let strange = IPTABLES.replace("COMMIT", "-A FORWARD --what\nCOMMIT");
        let (a, b) = (capture("a.rules", &strange), capture("b.rules", &strange));
        assert_eq!(captures(&a, &b).verdict, DiffVerdict::Undecided);
    }
}
