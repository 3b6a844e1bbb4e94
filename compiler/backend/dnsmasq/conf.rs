//! dnsmasq's configuration file, printed.
//!
//! The order of the lines and the words around them are the two templates'; the values come from
//! `field`. [`parse`](super::parse) reads it back.

use serde::Serialize;

use super::field::{print_boot, print_ip, print_pool, print_server, print_srv, print_txt};
use super::{Layout, Paths};
use crate::backend::template::Template;
use crate::state::{Dnsmasq, RaMode};
use crate::template;

static NATIVE: Template = template!("dnsmasq.conf.j2");
static LIBVIRT: Template = template!("dnsmasq-libvirt.conf.j2");

/// What stands, as a comment, before the network's name.
pub(super) const NETWORK_HEADING: &str = "Network: ";
/// The native comment after which every line is an option that was declared.
pub(super) const OPTIONS_HEADING: &str = "# Declared options, word for word.";

/// What both templates are filled with; flags say whether a block is there.
#[derive(Serialize)]
struct View<'a> {
    network: String,
    conf_file: String,
    link: &'a str,
    dns_off: bool,
    servers: Vec<String>,
    only_servers: bool,
    /// Whether there is anything about names of guests.
    guest_names: bool,
    domain: Option<&'a str>,
    local_domain: bool,
    local_reverse: Vec<&'a str>,
    plain_names_local: bool,
    pid_file: String,
    isolated: bool,
    /// Whether there are any of the two.
    records: bool,
    txt_records: Vec<String>,
    srv_records: Vec<String>,
    tftp_roots: Vec<&'a str>,
    dhcp: bool,
    dhcp4: bool,
    ranges4: Vec<String>,
    boot: Option<String>,
    ranges6: Vec<String>,
    max_leases: Option<String>,
    /// Whether there are files that SIGHUP has read again.
    reread: bool,
    hosts_file: String,
    lease_file: Option<String>,
    names_file: String,
    mtu: Option<String>,
    /// Whether the network's router is advertised, in either way.
    advertises: bool,
    advertise_with_dhcp: bool,
    advertise_only: Vec<String>,
    options_heading: &'static str,
    options: Vec<&'a str>,
}

/// The configuration file of one network.
pub fn print(service: &Dnsmasq, layout: Layout) -> String {
    let view = View::new(service, Paths::new(&service.network, layout));
    match layout {
        Layout::Native | Layout::Applied => NATIVE.render(&view),
        Layout::Libvirt => LIBVIRT.render(&view),
    }
}

impl<'a> View<'a> {
    fn new(service: &'a Dnsmasq, paths: Paths) -> Self {
        let (dhcp4, dhcp6) = (service.dhcp4.as_ref(), service.dhcp6.as_ref());
        let pool = |dhcp: &crate::state::DhcpService| print_pool(&dhcp.pool);
        let lines = |lines: &'a [crate::value::Line]| lines.iter().map(|it| it.as_str()).collect();
        let domain = service.domain.as_ref();
        let dhcp = dhcp4.is_some() || dhcp6.is_some();
        let advertise_with_dhcp = service.advertisements == RaMode::WithDhcp;
        let advertise_only = advertised(&service.advertisements);
        View {
            network: format!("{NETWORK_HEADING}{}", service.network),
            conf_file: paths.conf,
            link: service.link.as_str(),
            dns_off: !service.dns,
            servers: service.servers.iter().map(print_server).collect(),
            only_servers: service.only_servers,
            guest_names: domain.is_some()
                || !service.local_reverse.is_empty()
                || service.plain_names_local,
            domain: domain.map(|domain| domain.name.as_str()),
            local_domain: domain.is_some_and(|domain| domain.local_only),
            local_reverse: lines(&service.local_reverse),
            plain_names_local: service.plain_names_local,
            pid_file: paths.pid,
            isolated: service.isolated,
            records: !service.txt_records.is_empty() || !service.srv_records.is_empty(),
            txt_records: service.txt_records.iter().map(print_txt).collect(),
            srv_records: service.srv_records.iter().map(print_srv).collect(),
            tftp_roots: lines(&service.tftp_roots),
            dhcp,
            dhcp4: dhcp4.is_some(),
            ranges4: dhcp4.map(pool).unwrap_or_default(),
            boot: dhcp4.and_then(|dhcp| dhcp.boot.as_ref()).map(print_boot),
            ranges6: dhcp6.map(pool).unwrap_or_default(),
            max_leases: service.max_leases.map(|most| most.to_string()),
            reread: dhcp || service.dns,
            hosts_file: paths.hosts,
            lease_file: paths.leases,
            names_file: paths.names,
            mtu: service.mtu.map(|mtu| mtu.to_string()),
            advertises: advertise_with_dhcp || !advertise_only.is_empty(),
            advertise_with_dhcp,
            advertise_only,
            options_heading: OPTIONS_HEADING,
            options: lines(&service.options),
        }
    }
}

fn advertised(mode: &RaMode) -> Vec<String> {
    match mode {
        RaMode::WithDhcp => Vec::new(),
        RaMode::Only(addresses) => addresses.iter().copied().map(print_ip).collect(),
    }
}
