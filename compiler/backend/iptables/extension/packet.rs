//! What a packet itself says: marks, hardware, device, length, type of service, hops, IPsec.

use std::fmt::Write as _;

use super::{names, not};
use crate::backend::iptables::option::{Extension, Given, Matches, Opt, find, required};
use crate::backend::iptables::value;
use crate::firewall::{
    Asked, Comparison, DevicePattern, Family, Match, PacketType, Physdev, SpiHeader,
};

pub(super) static MARK: Extension =
    Extension::of_match("mark", &[Opt::value("--mark")], |matches, given| {
        let each = required(given, "--mark")?;
        let (value, mask) = value::masked(&each.text(), u32::MAX)?;
        matches.all.push(Match::Mark {
            value,
            mask,
            negated: each.negated,
        });
        Ok(())
    });

pub(super) static CONNMARK: Extension =
    Extension::of_match("connmark", &[Opt::value("--mark")], |matches, given| {
        let each = required(given, "--mark")?;
        let (value, mask) = value::masked(&each.text(), u32::MAX)?;
        matches.all.push(Match::CtMark {
            value,
            mask,
            negated: each.negated,
        });
        Ok(())
    });

pub(super) static MAC: Extension =
    Extension::of_match("mac", &[Opt::value("--mac-source")], |matches, given| {
        let each = required(given, "--mac-source")?;
        matches.all.push(Match::SourceMac {
            mac: value::mac(&each.text())?,
            negated: each.negated,
        });
        Ok(())
    });

pub(super) static PKTTYPE: Extension =
    Extension::of_match("pkttype", &[Opt::value("--pkt-type")], read_packet_type);

pub(super) static PHYSDEV: Extension = Extension::of_match(
    "physdev",
    &[
        Opt::flag("--physdev-is-in"),
        Opt::value("--physdev-in"),
        Opt::flag("--physdev-is-out"),
        Opt::value("--physdev-out"),
        Opt::flag("--physdev-is-bridged"),
    ],
    read_physdev,
);

pub(super) static LENGTH: Extension =
    Extension::of_match("length", &[Opt::value("--length")], |matches, given| {
        let each = required(given, "--length")?;
        let (min, max) = value::range(&each.text(), b':', (0_u16, u16::MAX))?;
        matches.all.push(Match::Length {
            min: min.into(),
            max: max.into(),
            negated: each.negated,
        });
        Ok(())
    });

pub(super) static TTL: Extension = Extension::of_match(
    "ttl",
    &[
        Opt::value("--ttl-eq").also(&["--ttl"]),
        Opt::value("--ttl-lt"),
        Opt::value("--ttl-gt"),
    ],
    read_hops,
);

pub(super) static HL: Extension = Extension::of_match(
    "hl",
    &[
        Opt::value("--hl-eq"),
        Opt::value("--hl-lt"),
        Opt::value("--hl-gt"),
    ],
    read_hops,
);

pub(super) static DSCP: Extension = Extension::of_match(
    "dscp",
    &[Opt::value("--dscp"), Opt::value("--dscp-class")],
    |matches, given| {
        let [each] = given else {
            return Err("dscp takes one option".to_owned());
        };
        let value = match each.name() {
            "--dscp" => value::fitting(&each.text())?,
            _ => names::dscp(&each.text())?,
        };
        matches.all.push(Match::Dscp {
            value,
            negated: each.negated,
        });
        Ok(())
    },
);

pub(super) static TOS: Extension =
    Extension::of_match("tos", &[Opt::value("--tos")], |matches, given| {
        let each = required(given, "--tos")?;
        let (value, mask) = names::tos(&each.text())?;
        matches.all.push(Match::Tos {
            value,
            mask,
            negated: each.negated,
        });
        Ok(())
    });

pub(super) static ESP: Extension =
    Extension::of_match("esp", &[Opt::value("--espspi")], |matches, given| {
        read_spi(matches, find(given, "--espspi"), SpiHeader::Esp)
    });

pub(super) static AH: Extension = Extension::of_match(
    "ah",
    &[
        Opt::value("--ahspi"),
        Opt::value("--ahlen"),
        Opt::flag("--ahres"),
    ],
    |matches, given| {
        let further = |each: &Given<'_>| each.name() != "--ahspi";
        match given.iter().any(further) {
            true => matches.keep(&AH, given),
            false => read_spi(matches, find(given, "--ahspi"), SpiHeader::Ah),
        }
    },
);

fn read_packet_type(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let each = required(given, "--pkt-type")?;
    let kind = match each.text().to_ascii_lowercase().as_str() {
        "unicast" | "host" => PacketType::Unicast,
        "broadcast" => PacketType::Broadcast,
        "multicast" => PacketType::Multicast,
        "otherhost" | "outgoing" | "loopback" | "fastroute" => {
            return matches.keep(&PKTTYPE, given);
        }
        other => return Err(format!("there is no packet type '{other}'")),
    };
    matches.all.push(Match::PacketType {
        kind,
        negated: each.negated,
    });
    Ok(())
}

fn read_physdev(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let mut physdev = Physdev::default();
    for each in given {
        let negated = each.negated;
        match each.name() {
            "--physdev-in" => physdev.entry = Some(device(each)?),
            "--physdev-out" => physdev.exit = Some(device(each)?),
            "--physdev-is-in" => physdev.is_in = Some(!negated),
            "--physdev-is-out" => physdev.is_out = Some(!negated),
            _ => physdev.is_bridged = Some(!negated),
        }
    }
    if physdev == Physdev::default() {
        return Err("physdev asks nothing".to_owned());
    }
    matches.all.push(Match::Physdev(Box::new(physdev)));
    Ok(())
}

fn device(each: &Given<'_>) -> Result<Asked<DevicePattern>, String> {
    Ok(Asked {
        value: value::device(&each.text())?,
        negated: each.negated,
    })
}

fn read_hops(matches: &mut Matches<'_>, given: &[Given<'_>]) -> Result<(), String> {
    let [each] = given else {
        return Err("it takes one comparison".to_owned());
    };
    let comparison = match each.name() {
        "--ttl-eq" | "--hl-eq" => Comparison::Equal,
        "--ttl-lt" | "--hl-lt" => Comparison::Less,
        _ => Comparison::Greater,
    };
    matches.all.push(Match::HopLimit {
        comparison,
        hops: value::fitting(&each.text())?,
        negated: each.negated,
    });
    Ok(())
}

fn read_spi(
    matches: &mut Matches<'_>,
    each: Option<&Given<'_>>,
    header: SpiHeader,
) -> Result<(), String> {
    let Some(each) = each else {
        return Ok(());
    };
    let (min, max) = value::range(&each.text(), b':', (0, u32::MAX))?;
    // All of them are no test at all.
    if each.negated || (min, max) != (0, u32::MAX) {
        matches.all.push(Match::Spi {
            header,
            min,
            max,
            negated: each.negated,
        });
    }
    Ok(())
}

pub(super) fn print_mark(text: &mut String, value: u32, mask: u32, negated: bool) {
    text.push_str(not(negated));
    // Writing into a String cannot fail.
    let _ = match mask {
        u32::MAX => write!(text, " --mark {value:#x}"),
        _ => write!(text, " --mark {value:#x}/{mask:#x}"),
    };
}

pub(super) fn print_mac(text: &mut String, mac: [u8; 6], negated: bool) {
    text.extend([not(negated), " --mac-source "]);
    for (at, byte) in mac.iter().enumerate() {
        let colon = if at == 0 { "" } else { ":" };
        // Writing into a String cannot fail.
        let _ = write!(text, "{colon}{byte:02x}");
    }
}

pub(super) fn print_packet_type(text: &mut String, kind: PacketType, negated: bool) {
    let word = match kind {
        PacketType::Unicast => "unicast",
        PacketType::Broadcast => "broadcast",
        PacketType::Multicast => "multicast",
    };
    text.extend([not(negated), " --pkt-type ", word]);
}

pub(super) fn print_physdev(text: &mut String, physdev: &Physdev) {
    let flag = |text: &mut String, asked: Option<bool>, option: &str| {
        if let Some(wanted) = asked {
            text.extend([not(!wanted), option]);
        }
    };
    let device = |text: &mut String, asked: &Option<Asked<DevicePattern>>, option: &str| {
        if let Some(asked) = asked {
            text.extend([not(asked.negated), option]);
            super::push_device(text, &asked.value);
        }
    };
    flag(text, physdev.is_in, " --physdev-is-in");
    device(text, &physdev.entry, " --physdev-in ");
    flag(text, physdev.is_out, " --physdev-is-out");
    device(text, &physdev.exit, " --physdev-out ");
    flag(text, physdev.is_bridged, " --physdev-is-bridged");
}

/// `a`, or `a:b`, after an option.
pub(super) fn print_range(text: &mut String, option: &str, range: (u32, u32), negated: bool) {
    text.extend([not(negated), " ", option]);
    // Writing into a String cannot fail.
    let _ = match range {
        (min, max) if min == max => write!(text, " {min}"),
        (min, max) => write!(text, " {min}:{max}"),
    };
}

/// A number, after an option.
pub(super) fn print_number(text: &mut String, option: &str, number: u32, negated: bool) {
    print_range(text, option, (number, number), negated);
}

pub(super) fn print_hops(
    text: &mut String,
    family: Family,
    kind: Comparison,
    hops: u8,
    negated: bool,
) {
    let option = match family {
        Family::Ipv4 => "ttl",
        Family::Ipv6 => "hl",
    };
    // Writing into a String cannot fail.
    let _ = write!(
        text,
        "{} --{option}-{} {hops}",
        not(negated),
        comparison(kind)
    );
}

pub(super) fn print_dscp(text: &mut String, value: u8, negated: bool) {
    // Writing into a String cannot fail.
    let _ = write!(text, "{} --dscp {value:#04x}", not(negated));
}

pub(super) fn print_tos(text: &mut String, value: u8, mask: u8, negated: bool) {
    // Writing into a String cannot fail.
    let _ = write!(text, "{} --tos {value:#04x}/{mask:#04x}", not(negated));
}

pub(super) fn print_spi(text: &mut String, header: SpiHeader, range: (u32, u32), negated: bool) {
    let option = match header {
        SpiHeader::Ah => "--ahspi",
        SpiHeader::Esp => "--espspi",
    };
    print_range(text, option, range, negated);
}

pub(super) fn comparison(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "eq",
        Comparison::Less => "lt",
        Comparison::Greater => "gt",
    }
}
