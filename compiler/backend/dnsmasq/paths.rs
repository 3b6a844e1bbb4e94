//! Where dnsmasq's files lie on the host.
//!
//! Native names are file stems without a blank or a quote. libvirt names its configuration after
//! the network as it is, and the others after the name with XML entities.

use super::Layout;
use crate::value::NetworkName;
use crate::value::encode::{file_stem, xml_entities};

/// The files of one network's dnsmasq, as the host sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration.
    pub conf: String,
    /// Reserved hosts, for DHCP.
    pub hosts: String,
    /// Fixed names, for DNS.
    pub names: String,
    /// The number of the running process.
    pub pid: String,
    /// Leases; `None` where a helper keeps them.
    pub leases: Option<String>,
}

impl Paths {
    /// The files of this network.
    pub fn new(network: &NetworkName, layout: Layout) -> Self {
        match layout {
            Layout::Native => Paths::native(&file_stem(network.as_str()), "/etc"),
            Layout::Applied => Paths::native(&file_stem(network.as_str()), "/run"),
            Layout::Libvirt => Paths::libvirt(network.as_str()),
        }
    }

    fn native(stem: &str, root: &str) -> Self {
        let file = |ending: &str| format!("{root}/lanwright/dnsmasq/{stem}.{ending}");
        Paths {
            conf: file("conf"),
            hosts: file("hostsfile"),
            names: file("addnhosts"),
            pid: format!("/run/lanwright/dnsmasq/{stem}.pid"),
            leases: Some(format!("/var/lib/lanwright/dnsmasq/{stem}.leases")),
        }
    }

    fn libvirt(name: &str) -> Self {
        let escaped = xml_entities(name);
        let file = |stem: &str, ending: &str| format!("/var/lib/libvirt/dnsmasq/{stem}.{ending}");
        Paths {
            conf: file(name, "conf"),
            hosts: file(&escaped, "hostsfile"),
            names: file(&escaped, "addnhosts"),
            pid: format!("/run/libvirt/network/{escaped}.pid"),
            leases: None,
        }
    }

    /// Where one of these files stands in the tree.
    pub fn artifact(&self, path: &str) -> String {
        let name = path.rsplit('/').next().unwrap_or(path);
        format!("dnsmasq/{name}")
    }
}
