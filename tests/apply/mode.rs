//! Every mode in every encoding: up, settled, mended by hand-made change, down.

use super::holds;

macro_rules! modes {
    ($($name:ident: $($argument:literal),*;)*) => {
        $(#[test] fn $name() { holds("modes", &[$($argument),*], &[]); })*
    };
}

modes! {
    nat_with_lanwright: "nat", "lanwright";
    nat_with_libvirt_nft: "nat", "libvirt-nftables";
    nat_with_iptables_nft: "nat", "iptables", "nft";
    nat_with_iptables_legacy: "nat", "iptables", "legacy";
    nat6_with_lanwright: "nat6", "lanwright";
    nat6_with_libvirt_nft: "nat6", "libvirt-nftables";
    nat6_with_iptables_nft: "nat6", "iptables", "nft";
    nat6_with_iptables_legacy: "nat6", "iptables", "legacy";
    isolated_with_lanwright: "isolated", "lanwright";
    isolated_with_libvirt_nft: "isolated", "libvirt-nftables";
    isolated_with_iptables_nft: "isolated", "iptables", "nft";
    isolated_with_iptables_legacy: "isolated", "iptables", "legacy";
    route_with_lanwright: "route", "lanwright";
    route_with_libvirt_nft: "route", "libvirt-nftables";
    route_with_iptables_nft: "route", "iptables", "nft";
    route_with_iptables_legacy: "route", "iptables", "legacy";
    open_with_lanwright: "open", "lanwright";
    open_with_libvirt_nft: "open", "libvirt-nftables";
    open_with_iptables_nft: "open", "iptables", "nft";
    open_with_iptables_legacy: "open", "iptables", "legacy";
}
