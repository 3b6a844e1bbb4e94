//! Reading `<bridge>`, `<mac>` and `<mtu>`.
//!
//! What was written is kept apart from what it means: whether a network has a bridge of its own
//! is decided by its mode, in [`kind`](super::kind) and [`legality`](super::legality).

use super::device::{self, Role};
use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Bridge, BridgeChoice, MacTable, Mtu, ZoneName};
use crate::source::{Span, Spanned};
use crate::value::{DeviceName, Mac};

/// `<bridge>` as written. An attribute that is empty counts as absent.
#[derive(Debug, Default)]
pub struct BridgePart<'a> {
    /// The name, which may be a template.
    pub name: Option<&'a Attribute>,
    /// `stp`.
    pub stp: Option<Spanned<bool>>,
    /// `delay`, in seconds.
    pub delay: Option<Spanned<u64>>,
    /// `zone`.
    pub zone: Option<Spanned<ZoneName>>,
    /// `macTableManager`.
    pub mac_table: Option<Spanned<MacTable>>,
}

impl<'a> BridgePart<'a> {
    /// Reads the attributes.
    pub fn read(element: &'a Element, sink: &mut Sink) -> Self {
        let mut fields = Fields::new(element);
        let part = BridgePart {
            name: fields.filled("name"),
            stp: fields.filled("stp").map(|found| stp(found, sink)),
            delay: fields.filled("delay").and_then(|found| delay(found, sink)),
            zone: fields.filled("zone").and_then(|found| zone(found, sink)),
            mac_table: fields
                .filled("macTableManager")
                .and_then(|found| mac_table(found, sink)),
        };
        fields.finish(sink);
        part
    }

    /// The bridge of a network that has its own.
    pub fn own(self, sink: &mut Sink) -> Option<Bridge> {
        self.warn_of_clamped_delay(sink);
        if let Some(zone) = &self.zone {
            let message = format!(
                "the zone '{}' needs firewalld on the host",
                zone.value.as_str()
            );
            let problem = Diagnostic::new(Code::FirewalldNeeded, zone.span, message);
            sink.report(problem.help("start firewalld, or remove the attribute"));
        }
        let name = match self.name {
            Some(name) => choice(name, sink)?,
            None => BridgeChoice::automatic(),
        };
        Some(Bridge {
            name,
            stp: self.stp.is_none_or(|stp| stp.value),
            delay_seconds: self.delay.map_or(0, |delay| delay.value),
            zone: self.zone.map(|zone| zone.value),
            mac_table: self.mac_table.map_or(MacTable::Kernel, |table| table.value),
        })
    }

    /// The bridge that the host has.
    pub fn host(&self, sink: &mut Sink) -> Option<DeviceName> {
        let name = self.name?;
        device::read(name, Role::Bridge, sink)
    }

    /// With STP on the kernel keeps the delay within 2 to 30 seconds. That 0 becomes 2 is not
    /// worth a word: 0 is what libvirt itself writes for a delay that nobody chose.
    fn warn_of_clamped_delay(&self, sink: &mut Sink) {
        let Some(delay) = self.delay else { return };
        let stp = self.stp.is_none_or(|stp| stp.value);
        let (clamped, reason) = if stp {
            (delay.value.clamp(2, 30), "because STP is on")
        } else {
            let most = Bridge::MAX_DELAY_SECONDS;
            (delay.value.min(most), "which is all the kernel takes")
        };
        if delay.value == 0 || clamped == delay.value {
            return;
        }
        let message = format!(
            "a delay of '{}' seconds becomes {clamped} {reason}",
            delay.value
        );
        let problem = Diagnostic::new(Code::BridgeDelayClamped, delay.span, message);
        sink.report(match self.stp {
            Some(each) if stp => problem
                .also(each.span, "STP is on here")
                .help("choose 2 to 30 seconds, or turn STP off with stp='off'"),
            None if stp => problem.help("choose 2 to 30 seconds, or turn STP off with stp='off'"),
            Some(_) | None => problem.help("choose a delay of seconds"),
        });
    }
}

/// The name or template of a network's own bridge (`networkBridgeNameValidate`): a template is
/// used only if its one `%` is that of `%d`, else libvirt falls back to `virbr%d`.
fn choice(name: &Attribute, sink: &mut Sink) -> Option<BridgeChoice> {
    let Some((prefix, suffix)) = name.value.split_once("%d") else {
        let device = device::read(name, Role::Bridge, sink)?;
        warn_of_nic(&device, name.span, sink);
        device::warn_of_nft(&device, name.span, sink);
        return Some(BridgeChoice::Named(device));
    };
    if prefix.contains('%') || suffix.contains('%') {
        return Some(BridgeChoice::automatic());
    }
    let first = format!("{prefix}0{suffix}");
    let device = device::parse(&first, name.span, Role::Bridge, sink)?;
    device::warn_of_nft(&device, name.span, sink);
    Some(BridgeChoice::Numbered {
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
    })
}

/// libvirt's failed start deletes the device of that name; a network card would be gone.
fn warn_of_nic(name: &DeviceName, span: Span, sink: &mut Sink) {
    let text = name.as_str();
    let numbered = |prefix: &str| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let predictable = ["enp", "eno", "ens", "wlp", "wlo", "wls"].map(numbered);
    if predictable.contains(&true) || ["eth", "wlan"].into_iter().any(numbered) {
        let message = format!("'{text}' is what a physical interface is usually called");
        let problem = Diagnostic::new(Code::BridgeNameLikeNic, span, message);
        sink.report(problem.help("choose a name of the bridge's own, such as 'virbr0'"));
    }
}

fn stp(attribute: &Attribute, sink: &mut Sink) -> Spanned<bool> {
    let value = attribute.value.as_str();
    if !matches!(value, "on" | "off") {
        let message = format!("stp is '{value}', which is read as 'on'");
        let problem = Diagnostic::new(Code::StpValue, attribute.span, message);
        sink.report(problem.help("write 'on' or 'off'"));
    }
    Spanned::new(value != "off", attribute.span)
}

fn delay(attribute: &Attribute, sink: &mut Sink) -> Option<Spanned<u64>> {
    let value = &attribute.value;
    let number = value::number(value);
    if number.is_none() {
        let message = format!("the delay '{value}' is not a whole number of seconds");
        let problem = Diagnostic::new(Code::BridgeDelayNotANumber, attribute.span, message);
        sink.report(problem.help("write a whole number of seconds, such as '0'"));
    }
    number.map(|number| Spanned::new(number, attribute.span))
}

fn zone(attribute: &Attribute, sink: &mut Sink) -> Option<Spanned<ZoneName>> {
    match attribute.value.parse() {
        Ok(zone) => Some(Spanned::new(zone, attribute.span)),
        Err(error) => {
            let message = format!("'{}' is no firewalld zone: {error}", attribute.value);
            let problem = Diagnostic::new(Code::ZoneNameCharacter, attribute.span, message);
            sink.report(problem.help("name a zone that `firewall-cmd --get-zones` lists"));
            None
        }
    }
}

fn mac_table(attribute: &Attribute, sink: &mut Sink) -> Option<Spanned<MacTable>> {
    let value = match attribute.value.as_str() {
        "kernel" => MacTable::Kernel,
        "libvirt" => MacTable::Libvirt,
        other => {
            let message = format!("macTableManager is '{other}', not 'kernel' or 'libvirt'");
            let problem = Diagnostic::new(Code::MacTableManagerUnknown, attribute.span, message);
            sink.report(problem.help("write 'kernel' or 'libvirt', or remove the attribute"));
            return None;
        }
    };
    Some(Spanned::new(value, attribute.span))
}

/// Reads `<mac>`.
pub fn read_mac(element: &Element, sink: &mut Sink) -> Option<Spanned<Mac>> {
    let mut fields = Fields::new(element);
    let address = fields.filled("address");
    fields.finish(sink);
    let address = address?;
    let text = &address.value;
    let (code, message, help) = match text.parse::<Mac>() {
        Err(error) => {
            let message = format!("'{text}' is no MAC address: {error}");
            (
                Code::MacMalformed,
                message,
                "write it like '52:54:00:12:34:56'",
            )
        }
        Ok(mac) if mac.is_multicast() => {
            let message = format!("the MAC address '{text}' is a multicast address");
            (
                Code::MacMulticast,
                message,
                "make the first pair even, such as '52'",
            )
        }
        Ok(mac) => return Some(Spanned::new(mac, address.span)),
    };
    sink.report(Diagnostic::new(code, address.span, message).help(help));
    None
}

/// Says if a bridge cannot have this address; libvirt notices when it makes one.
pub fn own_mac(mac: Spanned<Mac>, sink: &mut Sink) -> Option<Mac> {
    if mac.value.is_zero() {
        let message = format!("the MAC address '{}' is all zero", mac.value);
        let problem = Diagnostic::new(Code::MacAllZero, mac.span, message);
        let help = "remove the element to have one chosen, or choose another address";
        sink.report(problem.help(help));
        return None;
    }
    Some(mac.value)
}

/// Reads `<mtu>`; a size of 0 counts as none.
pub fn read_mtu(element: &Element, sink: &mut Sink) -> Option<Spanned<u32>> {
    let mut fields = Fields::new(element);
    let size = fields.filled("size");
    fields.finish(sink);
    let size = size?;
    let text = &size.value;
    let Some(bytes) = value::number::<u32>(text) else {
        let message = format!("the MTU '{text}' is not a whole number of bytes");
        let problem = Diagnostic::new(Code::MtuNotANumber, size.span, message);
        sink.report(problem.help("write a whole number from 68 to 65535"));
        return None;
    };
    (bytes != 0).then_some(Spanned::new(bytes, size.span))
}

/// Says if a bridge cannot have this MTU; libvirt notices when it makes one.
pub fn own_mtu(bytes: Spanned<u32>, sink: &mut Sink) -> Option<Mtu> {
    let mtu = Mtu::new(bytes.value);
    if mtu.is_none() {
        let message = format!("the MTU '{}' is outside 68 to 65535", bytes.value);
        let problem = Diagnostic::new(Code::MtuOutOfRange, bytes.span, message);
        sink.report(problem.help("write a number from 68 to 65535; 1500 is the default"));
    }
    mtu
}
