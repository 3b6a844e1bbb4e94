//! Domains that the host's resolver is told of: `<domain register='yes'>`.
//!
//! libvirt tells systemd-resolved once dnsmasq was seen to (`networkStartNetworkVirtual`). Nothing
//! here knows how the resolver is told.

use crate::network::Member;
use crate::state::Registration;

/// The network's domain, if the host's resolver is to be told of it; its first address answers.
pub fn lower(member: &Member) -> Option<Registration> {
    let network = member.network.as_virtual()?;
    let domain = network.domain.as_ref()?;
    if domain.register != Some(true) {
        return None;
    }
    Some(Registration {
        link: member.bridge.clone()?,
        domain: domain.name.as_str().to_owned(),
        server: network.subnets.first()?.address(),
    })
}
