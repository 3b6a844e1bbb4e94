//! dnsmasq's files: its configuration, reserved hosts, fixed names.
//!
//! A [`Dnsmasq`] becomes three texts and is read back from them; both
//! layouts say the same in the same order. What libvirt writes when is decided in
//! `lower::service`; here is only how dnsmasq spells it.

mod command_line;
mod conf;
mod field;
mod hosts;
pub mod leases;
mod parse;
mod paths;
#[cfg(test)]
mod tests;

pub use command_line::{CommandLine, Inclusion, inclusions};
pub use conf::print as print_conf;
pub use hosts::{print_hosts, print_names};
pub use parse::{Files, Reading, References, parse, references};
pub use paths::Paths;

use super::{Artifact, Compiled, Layout, Output};
use crate::state::Dnsmasq;

/// The files of every network that is served.
pub fn emit(compiled: &Compiled<'_>) -> Output {
    let services = compiled.state.services.iter();
    let artifacts = services.flat_map(|service| files(service, compiled.layout));
    Output {
        artifacts: artifacts.collect(),
        limits: Vec::new(),
    }
}

/// libvirt keeps its configuration to root, and makes both other files even where nothing refers
/// to them (`dnsmasqSave`). Ours may be read by the account that dnsmasq runs under.
fn files(service: &Dnsmasq, layout: Layout) -> Vec<Artifact> {
    let paths = Paths::new(&service.network, layout);
    let conf = print_conf(service, layout);
    let hosts = || Artifact::file(paths.artifact(&paths.hosts), print_hosts(service));
    let names = || Artifact::file(paths.artifact(&paths.names), print_names(service));
    match layout {
        Layout::Libvirt => vec![
            Artifact::private(paths.artifact(&paths.conf), conf),
            hosts(),
            names(),
        ],
        Layout::Native | Layout::Applied => {
            let dhcp = service.dhcp4.is_some() || service.dhcp6.is_some();
            let mut files = vec![Artifact::file(paths.artifact(&paths.conf), conf)];
            files.extend(dhcp.then(hosts));
            files.extend(service.dns.then(names));
            files
        }
    }
}
