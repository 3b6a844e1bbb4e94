//! What happens to networks over time: changed, pruned, reverted, refused, with guests on them.

use super::holds;

#[test]
fn a_host_is_changed_by_a_signal() {
    holds("reload", &[], &[]);
}

#[test]
fn guests_notice_only_what_concerns_them() {
    holds("guests", &[], &["ping"]);
}

#[test]
fn states_come_back() {
    holds("states", &[], &[]);
}

#[test]
fn what_the_host_lives_on_is_refused() {
    holds("refusals", &[], &["setpriv"]);
}

#[test]
fn a_bridge_takes_an_uplink_and_gives_it_back() {
    holds("uplink", &[], &["ping"]);
}
