//! `<dnsmasq:option>`: a line of the user's own for dnsmasq.

use crate::value::Line;

/// One line, word for word; libvirt checks nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsmasqOption(pub Line);
