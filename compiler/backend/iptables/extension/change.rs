//! Changing a packet: `MARK`, `CONNMARK`, `DSCP`, `TOS`, `TTL`, `HL`, `TCPMSS`, `CHECKSUM`,
//! `CLASSIFY`.

use std::fmt::Write as _;

use super::names;
use crate::backend::iptables::option::{Extension, Given, Opt, has, read_value, required};
use crate::backend::iptables::value;
use crate::firewall::{CopyMark, Family, SegmentSize, SetHops, SetMark, SetTos, Target};

const SET_XMARK: Opt = Opt::value("--set-xmark");
const SET_MARK: Opt = Opt::value("--set-mark");
const AND_MARK: Opt = Opt::value("--and-mark");
const OR_MARK: Opt = Opt::value("--or-mark");
const XOR_MARK: Opt = Opt::value("--xor-mark");

pub(super) static MARK: Extension = Extension::of_target(
    "MARK",
    &[SET_XMARK, SET_MARK, AND_MARK, OR_MARK, XOR_MARK],
    |_, given| match set_mark(given)? {
        Some(mark) => Ok(Target::SetMark(mark)),
        None => Err("MARK sets nothing".to_owned()),
    },
);

pub(super) static CONNMARK: Extension = Extension::of_target(
    "CONNMARK",
    &[
        SET_XMARK,
        SET_MARK,
        AND_MARK,
        OR_MARK,
        XOR_MARK,
        Opt::flag("--save-mark"),
        Opt::flag("--restore-mark"),
        Opt::value("--nfmask"),
        Opt::value("--ctmask"),
        Opt::value("--mask"),
        Opt::value("--left-shift-mark"),
        Opt::value("--right-shift-mark"),
    ],
    read_connmark,
);

pub(super) static DSCP: Extension = Extension::of_target(
    "DSCP",
    &[Opt::value("--set-dscp"), Opt::value("--set-dscp-class")],
    |_, given| match given {
        [each] if each.name() == "--set-dscp" => Ok(Target::SetDscp(value::fitting(&each.text())?)),
        [each] => Ok(Target::SetDscp(names::dscp(&each.text())?)),
        [..] => Err("DSCP sets one value".to_owned()),
    },
);

pub(super) static TOS: Extension = Extension::of_target(
    "TOS",
    &[
        Opt::value("--set-tos"),
        Opt::value("--and-tos"),
        Opt::value("--or-tos"),
        Opt::value("--xor-tos"),
    ],
    read_tos,
);

pub(super) static TTL: Extension = Extension::of_target(
    "TTL",
    &[
        Opt::value("--ttl-set"),
        Opt::value("--ttl-dec"),
        Opt::value("--ttl-inc"),
    ],
    read_hops,
);

pub(super) static HL: Extension = Extension::of_target(
    "HL",
    &[
        Opt::value("--hl-set"),
        Opt::value("--hl-dec"),
        Opt::value("--hl-inc"),
    ],
    read_hops,
);

pub(super) static TCPMSS: Extension = Extension::of_target(
    "TCPMSS",
    &[Opt::value("--set-mss"), Opt::flag("--clamp-mss-to-pmtu")],
    |_, given| {
        let bytes = read_value(given, "--set-mss", value::fitting)?;
        match (bytes, has(given, "--clamp-mss-to-pmtu")) {
            (Some(bytes), false) => Ok(Target::SegmentSize(SegmentSize::Bytes(bytes))),
            (None, true) => Ok(Target::SegmentSize(SegmentSize::PathMtu)),
            (_, _) => Err("TCPMSS takes one option".to_owned()),
        }
    },
);

pub(super) static CHECKSUM: Extension =
    Extension::of_target("CHECKSUM", &[Opt::flag("--checksum-fill")], |_, given| {
        required(given, "--checksum-fill").map(|_| Target::ChecksumFill)
    });

pub(super) static CLASSIFY: Extension =
    Extension::of_target("CLASSIFY", &[Opt::value("--set-class")], |_, given| {
        let text = required(given, "--set-class")?.text();
        let number = |text| u16::from_str_radix(text, 16).ok();
        let class = text
            .split_once(':')
            .and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        match class {
            Some((major, minor)) => Ok(Target::Classify { major, minor }),
            None => Err(format!("'{text}' is no class")),
        }
    });

/// What one of the options for setting a mark makes of it.
fn set_mark(given: &[Given<'_>]) -> Result<Option<SetMark>, String> {
    let mut found = None;
    for each in given {
        let text = each.text();
        let whole = || value::fitting::<u32>(&text);
        let masked = || value::masked(&text, u32::MAX);
        let (value, mask) = match each.name() {
            "--set-xmark" => masked()?,
            "--set-mark" => masked().map(|(value, mask)| (value, value | mask))?,
            "--and-mark" => (0, !whole()?),
            "--or-mark" => whole().map(|bits| (bits, bits))?,
            "--xor-mark" => (whole()?, 0),
            _ => continue,
        };
        if found.replace(SetMark { value, mask }).is_some() {
            return Err("a mark is set in one way".to_owned());
        }
    }
    Ok(found)
}

fn read_connmark(family: Family, given: &[Given<'_>]) -> Result<Target, String> {
    // A mark that is shifted has no type.
    if given
        .iter()
        .any(|each| each.name().ends_with("-shift-mark"))
    {
        return Ok(Target::Other(CONNMARK.kept(family, given)?.into()));
    }
    let save = has(given, "--save-mark");
    match (set_mark(given)?, save, has(given, "--restore-mark")) {
        (Some(mark), false, false) => return Ok(Target::SetCtMark(mark)),
        (None, true, false) | (None, false, true) => {}
        (_, _, _) => return Err("CONNMARK does one thing".to_owned()),
    }
    let mask = |name| read_value(given, name, value::fitting::<u32>);
    let both = mask("--mask")?.unwrap_or(u32::MAX);
    Ok(Target::CopyMark(CopyMark {
        save,
        packet_mask: mask("--nfmask")?.unwrap_or(both),
        ct_mask: mask("--ctmask")?.unwrap_or(both),
    }))
}

fn read_tos(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let [each] = given else {
        return Err("TOS sets one value".to_owned());
    };
    let text = each.text();
    let whole = || value::fitting::<u8>(&text);
    let (value, mask) = match each.name() {
        "--set-tos" => names::tos(&text)?,
        "--and-tos" => (0, !whole()?),
        "--or-tos" => whole().map(|bits| (bits, bits))?,
        _ => (whole()?, 0),
    };
    Ok(Target::SetTos(SetTos { value, mask }))
}

fn read_hops(_: Family, given: &[Given<'_>]) -> Result<Target, String> {
    let [each] = given else {
        return Err("it takes one option".to_owned());
    };
    let hops = value::fitting(&each.text())?;
    Ok(Target::SetHops(match each.name() {
        "--ttl-set" | "--hl-set" => SetHops::To(hops),
        "--ttl-dec" | "--hl-dec" => SetHops::Down(hops),
        _ => SetHops::Up(hops),
    }))
}

pub(super) fn print_mark(text: &mut String, mark: SetMark) {
    // Writing into a String cannot fail.
    let _ = write!(text, " --set-xmark {:#x}/{:#x}", mark.value, mark.mask);
}

pub(super) fn print_copy(text: &mut String, copy: CopyMark) {
    text.push_str(match copy.save {
        true => " --save-mark",
        false => " --restore-mark",
    });
    let (packet, connection) = (copy.packet_mask, copy.ct_mask);
    // Writing into a String cannot fail.
    let _ = write!(text, " --nfmask {packet:#x} --ctmask {connection:#x}");
}

pub(super) fn print_hops(text: &mut String, hops: SetHops, family: Family) {
    let option = match family {
        Family::Ipv4 => "ttl",
        Family::Ipv6 => "hl",
    };
    // Writing into a String cannot fail.
    let _ = match hops {
        SetHops::To(hops) => write!(text, " --{option}-set {hops}"),
        SetHops::Up(hops) => write!(text, " --{option}-inc {hops}"),
        SetHops::Down(hops) => write!(text, " --{option}-dec {hops}"),
    };
}
