//! Does a ruleset read as the kernel has it, whichever way nft lists it?
//!
//! Each file of `corpus/rulesets/` is loaded, and listed as text with and without counters, and
//! as JSON. Both texts must print as they were read, byte for byte; the JSON must say the same as
//! the text; and what we print must load again and be listed the same.

use crate::common::room::Room;
use crate::common::{self, difference};
use lanwright::backend::gap::Reading;
use lanwright::backend::nftables::{Listing, list, parse, parse_json, print};
use lanwright::firewall::{ElementExtra, Place, Ruleset};
use std::path::PathBuf;

/// Loads `$1` where there are a port and a device that is gone soon after, and lists it.
const SCRIPT: &str = r#"
ip link add port0 type veth peer name port1
ip link add gone0 type veth peer name gone1
nft -f "$1"
ip link del gone0
nft list ruleset
echo "=== -s"
nft -s list ruleset
echo "=== -j"
nft -j list ruleset
echo "=== -a"
nft -a list ruleset
"#;

/// The listings of one file.
struct Listings {
    text: String,
    stateless: String,
    json: String,
    handles: String,
}

fn listed(file: &std::path::Path) -> Result<Listings, String> {
    let said = Room::new(SCRIPT).argument(file).run().stdout()?;
    let mut parts = said.split("=== ");
    let mut next = |head: &str| {
        let part = parts.next().unwrap_or_default();
        part.strip_prefix(head).unwrap_or(part).to_owned()
    };
    Ok(Listings {
        text: next(""),
        stateless: next("-s\n"),
        json: next("-j\n"),
        handles: next("-a\n"),
    })
}

fn rulesets() -> Vec<PathBuf> {
    let files = common::with_extension(&common::project().join("corpus/rulesets"), "nft");
    assert!(!files.is_empty(), "there is no ruleset to load");
    files
}

fn whole(what: &str, read: Reading<Ruleset>) -> Result<Ruleset, String> {
    match read.unread.as_slice() {
        [] => Ok(read.value),
        [first, ..] => Err(format!("{what}: {first}")),
    }
}

fn same(what: &str, left: &str, right: &str) -> Result<(), String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    match left == right {
        true => Ok(()),
        false => Err(format!(
            "{what}\n{}",
            difference(&lines(left), &lines(right))
        )),
    }
}

/// Without what only one of the two listings of nft 1.0.6 tells: text has no handles, JSON no
/// comments but those of rules and elements, no `auto-merge`, no `dynamic` and no devices of
/// chains. The time until an element goes passes between the two.
fn common_to_both(mut ruleset: Ruleset) -> Ruleset {
    for table in &mut ruleset.tables {
        table.handle = None;
        table.comment = None;
        for object in &mut table.objects {
            object.handle = None;
        }
        for set in &mut table.sets {
            set.handle = None;
            set.comment = None;
            set.auto_merge = false;
            set.flags.dynamic = false;
            for element in &mut set.elements {
                let extra = element.extra.take();
                element.extra = extra
                    .map(|extra| ElementExtra {
                        expires_milliseconds: None,
                        ..*extra
                    })
                    .filter(|extra| *extra != ElementExtra::default())
                    .map(Box::new);
            }
        }
        for chain in &mut table.chains {
            chain.handle = None;
            chain.comment = None;
            if let Some(base) = &mut chain.base {
                base.devices.clear();
            }
            for rule in &mut chain.rules {
                rule.handle = None;
                rule.place = Place::default();
            }
        }
    }
    ruleset
}

/// Loads `$1` as [`SCRIPT`] does; a device that is gone cannot be named any more.
const AGAIN: &str = r#"
ip link add port0 type veth peer name port1
nft -f "$1"
nft -s list ruleset
"#;

fn loads_again(name: &str, printed: &str, listing: &str) -> Result<(), String> {
    let folder = common::scratch();
    let file = folder.join(name);
    std::fs::write(&file, printed).expect("the folder is ours");
    let again = Room::new(AGAIN).argument(&file).run().stdout();
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    let again = again.map_err(|why| format!("what we print does not load: {why}"))?;
    same("- the listing, + of what we print", listing, &again)
}

fn check(file: &std::path::Path) -> Result<(), String> {
    let listings = listed(file)?;
    let read = whole("text", parse(&listings.text))?;
    let stateless = whole("-s", parse(&listings.stateless))?;
    let printed = list(&read, Listing::State).map_err(|why| why.to_string())?;
    same("- nft list, + ours", &listings.text, &printed)?;
    let printed = list(&stateless, Listing::Rules).map_err(|why| why.to_string())?;
    same("- nft -s list, + ours", &listings.stateless, &printed)?;

    let json = whole("-j", parse_json(&listings.json))?;
    let (text, json) = (common_to_both(read.clone()), common_to_both(json));
    if text != json {
        let left = list(&text, Listing::State).map_err(|why| why.to_string())?;
        let right = list(&json, Listing::State).map_err(|why| why.to_string())?;
        same("- text, + JSON", &left, &right)?;
        let (left, right) = (format!("{text:#?}"), format!("{json:#?}"));
        same("- text, + JSON", &left, &right)?;
    }
    let handles = whole("-a", parse(&listings.handles))?;
    let rules = handles.tables.iter().flat_map(|table| &table.chains);
    let mut rules = rules.flat_map(|chain| &chain.rules);
    if !rules.all(|rule| rule.handle.is_some()) {
        return Err("a rule has lost its handle".to_owned());
    }
    if common_to_both(handles) != text {
        return Err("with handles it reads differently".to_owned());
    }
    let name = common::file_name(file);
    loads_again(
        &name,
        &print(&read).map_err(|why| why.to_string())?,
        &listings.stateless,
    )
}

#[test]
fn every_listing_of_a_ruleset_says_the_same() {
    if !common::require(&["unshare", "ip", "nft"]) {
        return;
    }
    let mut wrong = Vec::new();
    for file in rulesets() {
        if let Err(why) = check(&file) {
            wrong.push(format!("{}: {why}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What `nft -f` makes of a file is what we read in it.
#[test]
fn a_file_says_what_it_makes() {
    if !common::require(&["unshare", "ip", "nft"]) {
        return;
    }
    let file = common::project().join("corpus/rulesets/file.nft");
    let listings = listed(&file).unwrap_or_else(|why| panic!("{why}"));
    let made = whole("the listing", parse(&listings.text)).unwrap_or_else(|why| panic!("{why}"));
    let said = whole("the file", parse(&common::text(&file))).unwrap_or_else(|why| panic!("{why}"));
    let print = |ruleset| list(ruleset, Listing::Rules).expect("it was read from nft");
    same(
        "- what it makes, + what we read",
        &print(&made),
        &print(&said),
    )
    .unwrap_or_else(|why| panic!("{why}"));
    let (made, said) = (common_to_both(made), common_to_both(said));
    let (left, right) = (format!("{made:#?}"), format!("{said:#?}"));
    same("- what it makes, + what we read", &left, &right).unwrap_or_else(|why| panic!("{why}"));
    assert!(made == said, "equal texts of values that are not equal");
}
