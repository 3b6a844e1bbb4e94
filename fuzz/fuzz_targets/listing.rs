//! Arbitrary bytes as a listing of `iptables -L`: nothing panics, hangs or grows without bounds,
//! and what is said of a line is said of one that is there.

#![no_main]

use lanwright::backend::iptables::read_listing;
use lanwright::firewall::Family;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let lines = 1..=text.lines().count();
    for family in [Family::Ipv4, Family::Ipv6] {
        let listing = read_listing(&text, family);
        let unread = listing.unread.iter().map(|unread| unread.line);
        let losses = listing.losses.iter().map(|loss| loss.line);
        let remarks = listing.remarks.iter().map(|remark| remark.line);
        assert!(unread.chain(losses).chain(remarks).all(|line| lines.contains(&line)));
        for chain in listing.ruleset.tables.iter().flat_map(|table| &table.chains) {
            for rule in &chain.rules {
                assert!(rule.place.get().is_some_and(|line| lines.contains(&line)));
            }
        }
    }
});
