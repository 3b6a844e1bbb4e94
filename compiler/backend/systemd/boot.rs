//! systemd units that run `lanwright apply` at boot, and again after somebody flushed the rules.
//!
//! Unlike the units of a compiled tree they hold nothing of any network: which ones come up is
//! what the last `apply` left.

use serde::Serialize;

use super::super::template::Template;
use super::{DNSMASQ_UNIT, applied_dnsmasq};
use crate::template;

static BOOT: Template = template!("systemd.boot.j2");
static ASSERT: Template = template!("systemd.assert.j2");
static WATCH: Template = template!("systemd.watch.j2");
static TIMER: Template = template!("systemd.timer.j2");

/// The unit that brings networks up.
pub const BOOT_UNIT: &str = "lanwright-boot.service";

/// The timer that looks after them.
pub const TIMER_UNIT: &str = "lanwright-watch.timer";

/// What flushes or replaces all rules when it starts, before any network is up.
const FIREWALLS: [&str; 7] = [
    "nftables.service",
    "iptables.service",
    "ip6tables.service",
    "netfilter-persistent.service",
    "ufw.service",
    "shorewall.service",
    "firewalld.service",
];

/// Docker waits for `network-online.target`, which waits for our networks: its rules come later.
const LATE: &str = "docker.service";

/// A unit, and who pulls it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: String,
    /// The units that want it.
    pub wanted_by: Vec<&'static str>,
}

#[derive(Serialize)]
struct View<'a> {
    program: &'a str,
    firewalls: Vec<&'static str>,
    flushing: Vec<&'static str>,
}

/// The units that run this program.
pub fn units(program: &str) -> Vec<Unit> {
    let flushing: Vec<&str> = FIREWALLS.into_iter().chain([LATE]).collect();
    let view = View {
        program,
        firewalls: FIREWALLS.to_vec(),
        flushing: flushing.clone(),
    };
    let unit = |name, text, wanted_by| Unit {
        name,
        text,
        wanted_by,
    };
    vec![
        unit(BOOT_UNIT, BOOT.render(&view), vec!["multi-user.target"]),
        unit("lanwright-assert.service", ASSERT.render(&view), flushing),
        unit("lanwright-watch.service", WATCH.render(&view), Vec::new()),
        unit(TIMER_UNIT, TIMER.render(&view), vec!["timers.target"]),
        unit(DNSMASQ_UNIT, applied_dnsmasq(), Vec::new()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_a_unit_is_what_its_install_section_says() {
        for unit in units("/usr/bin/lanwright") {
            let wanted: Vec<&str> = unit
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("WantedBy="))
                .collect();
            assert_eq!(wanted, unit.wanted_by, "{}", unit.name);
        }
    }

    #[test]
    fn docker_does_not_wait_for_networks_that_wait_for_docker() {
        let units = units("/usr/bin/lanwright");
        let boot = units.iter().find(|unit| unit.name == BOOT_UNIT);
        assert!(boot.is_some_and(|unit| !unit.text.contains(LATE)));
    }
}
