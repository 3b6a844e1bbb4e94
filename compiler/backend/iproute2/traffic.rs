//! The lines of a `tc -batch` file: rate limits and the checksum of DHCP replies.
//!
//! As `virNetDevBandwidthSet` and `iptables`' CHECKSUM target would have it. `kbps` is 1000 bytes
//! a second and `kb` is 1024 bytes, in `tc` as in network XML.

use crate::capture::Share;
use crate::state::{Policing, Rate};
use crate::value::Mac;

/// The root of a bridge's classes. The checksum filter hangs on it too.
pub fn root(device: &str) -> String {
    format!("qdisc add dev {device} root handle 1: htb default 2")
}

/// What a bridge sends: the whole in class 1:1, and in it 1:2 for guests without a share of
/// their own.
pub fn bridge_egress(device: &str, rate: &Rate) -> Vec<String> {
    let average = rate.average_kbps;
    let ceiling = rate.peak_kbps.unwrap_or(average);
    let quantum = rate.quantum();
    vec![
        root(device),
        format!(
            "class add dev {device} parent 1: classid 1:1 \
             htb rate {average}kbps ceil {ceiling}kbps quantum {quantum}"
        ),
        format!(
            "class add dev {device} parent 1:1 classid 1:2 {}",
            class(rate)
        ),
        format!("qdisc add dev {device} parent 1:2 handle 2: sfq perturb 10"),
        marked(device),
    ]
}

/// What a guest's port sends to the guest: one class.
pub fn port_egress(device: &str, rate: &Rate) -> Vec<String> {
    vec![
        format!("qdisc add dev {device} root handle 1: htb default 1"),
        format!(
            "class add dev {device} parent 1: classid 1:1 {}",
            class(rate)
        ),
        format!("qdisc add dev {device} parent 1:1 handle 2: sfq perturb 10"),
        marked(device),
    ]
}

/// A guest's share of what a bridge sends, by the address of its packets
/// (`virNetDevBandwidthPlug`). `quantum` is that of the guest.
pub fn share(device: &str, whole: &Rate, share: Share, mac: Mac, quantum: u64) -> Vec<String> {
    let Share { class, rate_kbps } = share;
    let ceiling = whole.ceiling_kbps();
    let [a, b, c, d, e, f] = mac.bytes();
    vec![
        format!(
            "class add dev {device} parent 1:1 classid 1:{class:x} \
             htb rate {rate_kbps}kbps ceil {ceiling}kbps quantum {quantum}"
        ),
        format!("qdisc add dev {device} parent 1:{class:x} handle {class:x}: sfq perturb 10"),
        format!(
            "filter add dev {device} protocol ip prio 2 handle 800::{} u32 \
             match u16 0x0800 0xffff at -2 \
             match u32 0x{c:02x}{d:02x}{e:02x}{f:02x} 0xffffffff at -12 \
             match u16 0x{a:02x}{b:02x} 0xffff at -14 flowid 1:{class:x}",
            800 + u32::from(class)
        ),
    ]
}

/// The share goes; the queue of its class goes with it.
pub fn unshare(device: &str, class: u16) -> Vec<String> {
    vec![
        format!(
            "filter del dev {device} prio 2 handle 800::{} u32",
            800 + u32::from(class)
        ),
        format!("class del dev {device} classid 1:{class:x}"),
    ]
}

/// Those without a share of their own have for sure what is left; all of it as at first where
/// nobody has a share.
pub fn change_rest(device: &str, whole: &Rate, shares: &[Share]) -> String {
    if shares.is_empty() {
        let class = class(whole);
        return format!("class change dev {device} parent 1:1 classid 1:2 {class}");
    }
    let ceiling = whole.ceiling_kbps();
    let shared = shares.iter().map(|share| share.rate_kbps);
    let rest = ceiling.saturating_sub(shared.fold(0, u64::saturating_add));
    // htb takes no class without a rate.
    let rest = rest.max(1);
    let quantum = whole.quantum();
    format!(
        "class change dev {device} parent 1:1 classid 1:2 \
         htb rate {rest}kbps ceil {ceiling}kbps quantum {quantum}"
    )
}

/// Another rate for the whole, under classes that stay.
pub fn change_whole(device: &str, whole: &Rate, shares: &[Share]) -> Vec<String> {
    let (average, ceiling) = (whole.average_kbps, whole.ceiling_kbps());
    let quantum = whole.quantum();
    let mut lines = vec![format!(
        "class change dev {device} parent 1: classid 1:1 \
         htb rate {average}kbps ceil {ceiling}kbps quantum {quantum}"
    )];
    lines.extend(shares.iter().map(|Share { class, rate_kbps }| {
        format!(
            "class change dev {device} parent 1:1 classid 1:{class:x} \
             htb rate {rate_kbps}kbps ceil {ceiling}kbps"
        )
    }));
    lines.push(change_rest(device, whole, shares));
    lines
}

/// What a device receives: what comes too fast is dropped.
pub fn ingress(device: &str, policing: &Policing) -> Vec<String> {
    let average = policing.average_kbps;
    let burst = policing.effective_burst_kib();
    vec![
        format!("qdisc add dev {device} ingress"),
        format!(
            "filter add dev {device} parent ffff: protocol all u32 match u32 0 0 \
             police rate {average}kbps burst {burst}kb mtu 64kb drop flowid :1"
        ),
    ]
}

/// The checksum of DHCP replies is filled in (`nftablesApplyFirewallRules`).
pub fn checksum(device: &str) -> String {
    format!(
        "filter add dev {device} prio 2 protocol ip parent 1: \
         u32 match ip dport 68 ffff action csum ip and udp"
    )
}

fn class(rate: &Rate) -> String {
    let mut class = format!("htb rate {}kbps", rate.average_kbps);
    if let Some(peak) = rate.peak_kbps {
        class.push_str(&format!(" ceil {peak}kbps"));
    }
    if let Some(burst) = rate.burst_kib {
        class.push_str(&format!(" burst {burst}kb"));
    }
    class.push_str(&format!(" quantum {}", rate.quantum()));
    class
}

fn marked(device: &str) -> String {
    format!("filter add dev {device} parent 1:0 protocol all prio 1 handle 1 fw flowid 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_spelled_as_libvirt_does() {
        let rate = Rate {
            average_kbps: 1000,
            peak_kbps: Some(5000),
            burst_kib: Some(1024),
        };
        let lines = bridge_egress("b", &rate);
        assert_eq!(
            lines[1..3],
            [
                "class add dev b parent 1: classid 1:1 htb rate 1000kbps ceil 5000kbps quantum 85",
                "class add dev b parent 1:1 classid 1:2 \
                 htb rate 1000kbps ceil 5000kbps burst 1024kb quantum 85",
            ]
        );
        let policing = Policing {
            average_kbps: 128,
            burst_kib: None,
        };
        assert!(ingress("b", &policing)[1].contains("police rate 128kbps burst 128kb mtu 64kb"));
    }
}
