//! Arbitrary bytes as a dump of iptables: nothing panics, hangs or grows without bounds, what is
//! said of a line is said of one that is there, and what was understood is printed, read and
//! printed again to the same text.

#![no_main]

use lanwright::backend::iptables::{Assumed, Counters, parse, parse_dumps, print_with};
use lanwright::firewall::Family;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let lines = 0..=text.lines().count();
    for family in [Family::Ipv4, Family::Ipv6] {
        let table = "filter";
        let read = parse_dumps(&text, Assumed { family, table });
        assert!(read.unread.iter().all(|unread| lines.contains(&unread.line)));
        for dump in &read.value {
            assert!(lines.contains(&dump.line));
            let chains = dump.ruleset.tables.iter().flat_map(|table| &table.chains);
            for rule in chains.flat_map(|chain| &chain.rules) {
                assert!(rule.place.get().is_some_and(|line| lines.contains(&line)));
            }
            let Ok(printed) = print_with(&dump.ruleset, dump.family, Counters::Shown) else {
                continue;
            };
            let again = parse(&printed, dump.family).value;
            let again = print_with(&again, dump.family, Counters::Shown);
            assert_eq!(again.as_ref(), Ok(&printed));
        }
    }
});
