//! Kernel settings for `sysctl.d`.
//!
//! Keys are written with slashes, so that a dot in a device name stays part of it; a line of a
//! device begins with `-`, so that a bridge that is not there yet is no error. The values are
//! those of [`HostState::sysctls`](crate::state::HostState).

use serde::Serialize;

use super::template::Template;
use super::{Artifact, Compiled, Limit, Output};
use crate::diagnostic::Code;
use crate::state::Sysctl;
use crate::template;
use crate::value::DeviceName;

static SYSCTL: Template = template!("sysctl.conf.j2");

/// From this number of dnsmasqs on, the kernel's default of 128 inotify instances runs short.
const MANY: usize = 100;

/// What the template is filled with.
#[derive(Serialize)]
struct View {
    bridges: Vec<String>,
    global: Vec<String>,
    routes_ipv6: bool,
    inotify: Option<String>,
}

/// One file with all settings, if there are any.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let mut output = Output::default();
    let mut view = View {
        bridges: Vec::new(),
        global: Vec::new(),
        routes_ipv6: false,
        inotify: inotify(compiled.state.services.len()),
    };
    let mut refused: Vec<&DeviceName> = Vec::new();
    for sysctl in &compiled.state.sysctls {
        match &sysctl.link {
            None => {
                view.routes_ipv6 |= sysctl.key.iter().any(|part| part == "ipv6");
                view.global.push(print(sysctl));
            }
            Some(link) if is_plain(link.as_str()) => view.bridges.push(print(sysctl)),
            Some(link) => refused.push(link),
        }
    }
    refused.dedup();
    let limits = refused.into_iter().filter_map(|link| limit(compiled, link));
    output.limits.extend(limits);
    if is_needed(compiled) {
        let text = SYSCTL.render(&view);
        let file = Artifact::file("sysctl/60-lanwright.conf", text);
        output.artifacts.push(file);
    }
    output
}

/// Whether there is a setting that the file can hold.
pub(super) fn is_needed(compiled: &Compiled<'_>) -> bool {
    let mut sysctls = compiled.state.sysctls.iter();
    sysctls.any(|sysctl| {
        let link = sysctl.link.as_ref();
        link.is_none_or(|link| is_plain(link.as_str()))
    })
}

/// One line: `-net/ipv6/conf/virbr0/accept_ra = 0`.
pub fn print(sysctl: &Sysctl) -> String {
    let mark = if sysctl.link.is_some() { "-" } else { "" };
    format!("{mark}{} = {}", sysctl.key.join("/"), sysctl.value)
}

/// Whether a device name stands for itself: `=` would end the key, and the others match further
/// devices.
fn is_plain(name: &str) -> bool {
    !name.contains(['=', '?', '[', ']'])
}

fn limit(compiled: &Compiled<'_>, link: &DeviceName) -> Option<Limit> {
    Some(Limit {
        code: Code::SysctlCannotExpress,
        network: compiled.state.network_on(link)?.clone(),
        message: format!("settings of '{link}' are left out: sysctl.d reads that name otherwise"),
        help: Some("choose a bridge name without '=', '?' and brackets".to_owned()),
    })
}

/// Every dnsmasq watches files through one inotify instance; other programs need some too.
fn inotify(services: usize) -> Option<String> {
    (services > MANY).then(|| (services * 2).next_power_of_two().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_a_device_name_stays() {
        let link = "vir.br0".parse().expect("it is a device name");
        let sysctl = Sysctl::of_link(&link, "ipv6", "accept_ra", "0");
        assert_eq!(print(&sysctl), "-net/ipv6/conf/vir.br0/accept_ra = 0");
        let global = Sysctl::global(["net", "ipv4", "ip_forward"], "1");
        assert_eq!(print(&global), "net/ipv4/ip_forward = 1");
        assert!(!is_plain("br[0]"));
        assert_eq!(inotify(100), None);
        assert_eq!(inotify(200).as_deref(), Some("512"));
    }
}
