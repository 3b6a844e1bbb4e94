//! An apply that has to be confirmed, and the session that is gone before it is.

use super::holds;

#[test]
fn what_is_not_confirmed_goes_back() {
    holds("watchdog", &["lost"], &["script", "setsid"]);
}

#[test]
fn what_is_confirmed_stays() {
    holds("watchdog", &["confirmed"], &["script", "setsid"]);
}

#[test]
fn an_apply_that_hangs_is_ended() {
    holds("watchdog", &["hung"], &["script", "setsid"]);
}
