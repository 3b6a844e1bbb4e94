//! Does a listing read as the dump of the same rules does?
//!
//! Rules are loaded into the kernel, saved, and listed in every form that iptables has. What the
//! listing is known not to show is left out of the comparison, and nothing else.

use crate::common::room::Room;
use crate::common::{self, difference};
use lanwright::backend::iptables::{Listing, LossKind, UNSEEN_DEVICES, parse, read_listing};
use lanwright::firewall::{Counter, Family, Match, Rule, Ruleset};

/// Loads `$2` with the tools `$1-…`, saves it, and lists every table with the options `$3`.
const SCRIPT: &str = r#"
"$1-restore" <"$2"
"$1-save" -c
echo "=== listings"
for table in $(sed -n "s/^[*]//p" "$2"); do
  if [[ $4 == named ]]; then echo "root@host:~# iptables -t $table -L"; fi
  "$1" -t "$table" -L $3
  echo
done
"#;

/// Rules by table and chain, a line each, without what `form` does not show.
fn lines(ruleset: &Ruleset, form: &str, unclear: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &ruleset.tables {
        for chain in &table.chains {
            let policy = chain.base.as_ref().map(|base| base.policy);
            let place = format!("{:?} {} {}", table.family, table.name, chain.name);
            lines.push(format!("{place}: policy {policy:?}"));
            for (number, rule) in chain.rules.iter().enumerate() {
                let place = format!("{place} {number:03}");
                // Of a rule that is shown in part, the target is known.
                let mut rule = rule.clone();
                if unclear.contains(&place) {
                    rule.matches.clear();
                }
                lines.push(format!("{place}: {:?}", shown(rule, form)));
            }
        }
    }
    lines.sort();
    lines
}

fn shown(mut rule: Rule, form: &str) -> Rule {
    if !form.contains('v') {
        let unseen = Match::Other(UNSEEN_DEVICES.into());
        rule.matches.retain(|each| {
            let device = matches!(each, Match::InDevice { .. } | Match::OutDevice { .. });
            !device && *each != unseen
        });
    }
    if !form.contains('x') {
        rule.counter = Some(Counter::default());
    }
    // Its line differs, and is printed.
    Rule {
        place: Default::default(),
        ..rule
    }
}

/// The places of the rules that the file says are shown in part.
fn unclear(saved: &str, rules: &str, ruleset: &Ruleset) -> Vec<String> {
    let said = rules.lines().zip(rules.lines().skip(1));
    let said: Vec<&str> = said
        .filter(|(comment, _)| comment.starts_with("# not shown: "))
        .map(|(_, rule)| rule.split(" -j ").next().unwrap_or(rule))
        .collect();
    let mut places = Vec::new();
    for table in &ruleset.tables {
        for chain in &table.chains {
            for (number, rule) in chain.rules.iter().enumerate() {
                let line = rule
                    .place
                    .get()
                    .and_then(|line| saved.lines().nth(line - 1));
                let line = line.expect("a rule has a line");
                // `[0:0] -A …`
                let line = line.split_once("] ").map_or(line, |(_, rule)| rule);
                if said.iter().any(|said| line.starts_with(said)) {
                    places.push(format!(
                        "{:?} {} {} {number:03}",
                        table.family, table.name, chain.name
                    ));
                }
            }
        }
    }
    assert_eq!(places.len(), said.len(), "{said:?}");
    places
}

/// What the listing says is missing, beside what its form leaves out.
fn surprises(listing: &Listing, form: &str, named: bool) -> Vec<String> {
    let wanted = |kind: &LossKind| match kind {
        LossKind::Devices => !form.contains('v'),
        LossKind::Names => !form.contains('n'),
        LossKind::Counters => false,
        LossKind::Table(_) | LossKind::Family(_) => !named,
        LossKind::Again(_) | LossKind::Chain(_) => false,
        LossKind::Option(_) | LossKind::Words(_) => true,
    };
    let losses = listing.losses.iter().filter(|loss| !wanted(&loss.kind));
    losses.map(ToString::to_string).collect()
}

fn listed(family: Family, variant: &str) -> Result<(), String> {
    let (tool, file) = match family {
        Family::Ipv4 => ("iptables", "corpus/listings/ipv4.rules"),
        Family::Ipv6 => ("ip6tables", "corpus/listings/ipv6.rules"),
    };
    let tool = format!("{tool}-{variant}");
    let file = common::project().join(file);
    for form in [
        "",
        "-n",
        "-v",
        "-nv",
        "-nvx",
        "-nvx --line-numbers",
        "-n --line-numbers",
    ] {
        for named in [true, false] {
            // Names alone do not tell the family, nor do some tables.
            if !named && !form.contains('n') {
                continue;
            }
            let name = if named { "named" } else { "" };
            let room = Room::new(SCRIPT).argument(&tool).argument(&file);
            let room = room.argument(form).argument(name);
            let output = room
                .run()
                .stdout()
                .map_err(|why| format!("{tool}: {why}"))?;
            let output = output.replace("# iptables -t", &format!("# {tool} -t"));
            let (saved, listing) = output.split_once("=== listings\n").expect("both are there");
            let dump = parse(saved, family);
            let listing = read_listing(listing, family);
            let unclear = unclear(saved, &common::text(&file), &dump.value);
            let complaints = surprises(&listing, form, named);
            let difference = difference(
                &lines(&dump.value, form, &unclear),
                &lines(&listing.ruleset, form, &unclear),
            );
            if !(difference.is_empty() && complaints.is_empty() && listing.unread.is_empty()) {
                return Err(format!(
                    "{tool} -L {form} {name}: {complaints:?} {:?}\n\
                     - the dump, + the listing\n{difference}",
                    listing.unread
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn listings_of_iptables_read_as_its_dumps() {
    let tools = [
        "iptables-legacy",
        "iptables-nft",
        "ip6tables-legacy",
        "ip6tables-nft",
    ];
    if !common::require(&[&["unshare", "ip"], tools.as_slice()].concat()) {
        return;
    }
    let mut complaints = Vec::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        for variant in ["legacy", "nft"] {
            complaints.extend(listed(family, variant).err());
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
