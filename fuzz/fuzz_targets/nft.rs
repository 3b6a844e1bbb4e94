//! Any text as a ruleset of nft, as text and as JSON.
//!
//! Both readers come to an end with a result. What was read prints as something that reads and
//! prints as the same again, so nothing of it is lost on the way through our types.

#![no_main]

use lanwright::backend::nftables::{self, Listing};
use lanwright::firewall::Ruleset;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    prints_again(&nftables::parse(text).value);
    prints_again(&nftables::parse(&format!("table inet t {{\nchain c {{\n{text}\n}}\n}}\n")).value);
    prints_again(&nftables::parse_json(text).value);
    let rule = r#"{"rule":{"family":"inet","table":"t","chain":"c","expr":["#;
    prints_again(&nftables::parse_json(&format!("{rule}{text}]}}}}")).value);
});

fn prints_again(ruleset: &Ruleset) {
    for listing in [Listing::Loadable, Listing::Rules, Listing::State] {
        let Ok(once) = nftables::list(ruleset, listing) else {
            continue;
        };
        let read = nftables::parse(&once);
        assert_eq!(read.unread, [], "{once}");
        let again = nftables::list(&read.value, listing);
        assert_eq!(again.as_deref(), Ok(once.as_str()));
    }
}
