//! Listings of any words, and long ones.

use proptest::prelude::*;

use super::page::TICKET;
use super::*;

/// Words that mean something in a listing, and some that do not.
fn word() -> impl Strategy<Value = String> {
    let words = "Chain ( ) (policy ACCEPT) (1 references) pkts bytes target prot opt in out \
        source destination num iptables -L -t nat *nat Table: 0 12K --line -- -f !f * any !eth0 \
        tcp 6 all udp anywhere 0.0.0.0/0 ::/0 192.0.2.1 !2001:db8::/32 DROP REJECT LOG DNAT MARK \
        state ctstate NEW ! multiport dports 80,443 /* */ \" ` prefix to:192.0.2.1:80 [goto] \
        PHYSDEV match --physdev-in owner UID 7 socket exists recent: name: SET side: limit: avg \
        5/min burst up to mode icmp icmptype 8 code code tcp dpt:22 flags:0x17/0x02 spts:!1:2 \
        <-- # STRING ALGO policy dir CONNMARK save mask nfmask ADDRTYPE dst-type #conn src/32 > 3";
    let words: Vec<&str> = words.split(' ').collect();
    prop_oneof![
        9 => prop::sample::select(words).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => Just("\n".to_owned()),
        1 => Just(
            "Chain INPUT (policy DROP)\ntarget prot opt source destination\nDROP 6 -- ::/0 ::/0"
                .to_owned()
        ),
    ]
}

/// What is said of a listing is said of lines that it has.
fn sound(text: &str) -> Result<(), TestCaseError> {
    let listing = read(text);
    let lines = 1..=text.lines().count();
    let unread = listing.unread.iter().map(|unread| unread.line);
    let losses = listing.losses.iter().map(|loss| loss.line);
    let remarks = listing.remarks.iter().map(|remark| remark.line);
    for line in unread.chain(losses).chain(remarks) {
        prop_assert!(lines.contains(&line), "line {line}");
    }
    let chains = listing
        .ruleset
        .tables
        .iter()
        .flat_map(|table| &table.chains);
    for rule in chains.flat_map(|chain| &chain.rules) {
        prop_assert!(rule.place.get().is_some_and(|line| lines.contains(&line)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_to_its_end(text: String) {
        sound(&text)?;
    }

    #[test]
    fn any_words_are_read_to_their_end(words in prop::collection::vec(word(), 0..120)) {
        sound(&words.join(" "))?;
        sound(&words.join("\n"))?;
    }

    #[test]
    fn blanks_mean_nothing(widths in prop::collection::vec(1..9_usize, 200)) {
        let mut widths = widths.into_iter().cycle();
        let mut text = String::new();
        for line in TICKET.lines() {
            for word in line.split_whitespace() {
                text += &" ".repeat(widths.next().unwrap_or(1));
                text += word;
            }
            text.push('\n');
        }
        prop_assert_eq!(read(&text).ruleset, read(TICKET).ruleset);
    }
}

/// Each of these would take hours if a line were walked over again for each of its words.
#[test]
fn long_lines_are_walked_over_once() {
    let head = "Chain X (1 references)\ntarget prot opt source destination\n";
    let row = "LOG all -- 0.0.0.0/0 0.0.0.0/0 ";
    for piece in [
        "/* */ x ",
        "/* ",
        "LOG prefix \"",
        "owner UID match 1 ",
        "PHYSDEV match ! ",
        "tcp ",
        "ctstate NEW x ",
        "recent: SET ",
        "x ",
        "! ",
        "LOG flags 1 ",
        "STRING match \"a\" ALGO ",
        "[goto] ",
        "\u{a0}",
        "#conn ",
        "policy match dir in ",
        "limit: avg 1/s burst ",
    ] {
        let read = read(&format!("{head}{row}{}\n", piece.repeat(20_000)));
        // No rule is that long; it is said, once.
        assert!(read.unread.len() <= 1, "{piece}: {:?}", read.unread);
    }
    let long = format!(
        "{head}{row}{}\n{}",
        "x ".repeat(100_000),
        "y\n".repeat(100_000)
    );
    read(&long);
    read(&format!("{head}{}", "DROP\n".repeat(20_000)));
    let chains: String = (0..20_000)
        .map(|number| {
            format!("Chain {number} (1 references)\n{number} all -- 0.0.0.0/0 0.0.0.0/0\n")
        })
        .collect();
    let read = read(&chains);
    assert_eq!(read.ruleset.tables[0].chains.len(), 20_000);
}
