//! Reading `<forward>`.
//!
//! The element is read whole, whatever its mode: libvirt refuses a bad `<nat>` or `<driver>` also
//! where it has no effect. What a mode may hold is decided in [`legality`](super::legality).

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::{nat, pool};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Nat, PciAddress};
use crate::source::{Span, Spanned};
use crate::value::DeviceName;

/// What `forward/@mode` says; [`Mode::Isolated`] also stands for no `<forward>` at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Packets do not leave the network.
    Isolated,
    /// They leave with the host's address.
    Nat,
    /// They leave with their own.
    Route,
    /// The same, without firewall rules.
    Open,
    /// A bridge of the host's, or macvtap in its bridge mode.
    Bridge,
    /// macvtap, private.
    Private,
    /// macvtap, vepa.
    Vepa,
    /// macvtap, one guest a device.
    Passthrough,
    /// PCI devices.
    Hostdev,
}

impl Mode {
    const ALL: [Mode; 9] = [
        Mode::Isolated,
        Mode::Nat,
        Mode::Route,
        Mode::Open,
        Mode::Bridge,
        Mode::Private,
        Mode::Vepa,
        Mode::Passthrough,
        Mode::Hostdev,
    ];

    /// As the attribute spells it.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Isolated => "none",
            Mode::Nat => "nat",
            Mode::Route => "route",
            Mode::Open => "open",
            Mode::Bridge => "bridge",
            Mode::Private => "private",
            Mode::Vepa => "vepa",
            Mode::Passthrough => "passthrough",
            Mode::Hostdev => "hostdev",
        }
    }

    /// Whether a bridge is made for the network.
    pub fn has_own_bridge(self) -> bool {
        match self {
            Mode::Isolated | Mode::Nat | Mode::Route | Mode::Open => true,
            Mode::Bridge | Mode::Private | Mode::Vepa | Mode::Passthrough | Mode::Hostdev => false,
        }
    }
}

/// `<forward>` as written.
#[derive(Debug)]
pub struct ForwardPart<'a> {
    /// The mode; `None` if it is no mode that there is.
    pub mode: Option<Mode>,
    /// The value of `mode`, or the element's name.
    pub place: Span,
    /// `dev`.
    pub dev: Option<&'a Attribute>,
    /// `managed`.
    pub managed: Option<&'a Attribute>,
    /// Every `<nat>`.
    pub nats: Vec<&'a Element>,
    /// Every `<interface>`.
    pub interfaces: Vec<&'a Element>,
    /// Every `<pf>`.
    pub physical_functions: Vec<&'a Element>,
    /// Every `<address>`.
    pub addresses: Vec<&'a Element>,
    /// `<driver>`.
    pub driver: Option<&'a Element>,
    /// What they hold.
    pub values: ForwardValues,
}

/// What the children of `<forward>` hold.
#[derive(Debug, Default)]
pub struct ForwardValues {
    /// What `<nat>` says.
    pub nat: Option<Nat>,
    /// `dev` and the `<interface>` elements, each device once.
    pub devices: Vec<Spanned<DeviceName>>,
    /// The device of `<pf>`.
    pub physical_function: Option<DeviceName>,
    /// The PCI devices.
    pub addresses: Vec<Spanned<PciAddress>>,
    /// The host driver and its model.
    pub driver: Option<(String, Option<String>)>,
}

impl<'a> ForwardPart<'a> {
    /// Reads the element with all that is inside.
    pub fn read(element: &'a Element, sink: &mut Sink) -> Self {
        let mut fields = Fields::new(element);
        let mode = fields.filled("mode");
        let mut part = ForwardPart {
            mode: mode.map_or(Some(Mode::Nat), |mode| read_mode(mode, sink)),
            place: mode.map_or(element.name_span, |mode| mode.span),
            dev: fields.filled("dev"),
            managed: fields.filled("managed"),
            nats: fields.children("nat").collect(),
            interfaces: fields.children("interface").collect(),
            physical_functions: fields.children("pf").collect(),
            addresses: fields.children("address").collect(),
            driver: fields.child("driver"),
            values: ForwardValues::default(),
        };
        fields.finish(sink);
        part.look_at_mixture(sink);
        part.values = ForwardValues {
            nat: part.read_nat(sink),
            devices: pool::read_interfaces(part.dev, &part.interfaces, sink),
            physical_function: pool::read_physical_function(&part.physical_functions, sink),
            addresses: pool::read_addresses(&part.addresses, sink),
            driver: part.driver.and_then(|each| pool::read_driver(each, sink)),
        };
        part
    }

    fn read_nat(&self, sink: &mut Sink) -> Option<Nat> {
        let (first, further) = self.nats.split_first()?;
        for each in further {
            let message = "<forward> has more than one <nat>";
            let problem = Diagnostic::new(Code::NatRepeated, each.name_span, message);
            sink.report(
                problem
                    .also(first.name_span, "the first one")
                    .help("merge it into the first"),
            );
        }
        Some(nat::read(first, sink))
    }

    /// Devices are named in one way only (V105). libvirt reads interfaces, else addresses, else a
    /// physical function, and does not look at the rest; V142 is never reached.
    fn look_at_mixture(&mut self, sink: &mut Sink) {
        let others = self.physical_functions.first().or(self.addresses.first());
        if let (Some(dev), Some(other)) = (self.dev, others) {
            let message = format!("'dev' of <forward> cannot stand beside <{}>", other.name);
            let problem = Diagnostic::new(Code::ForwardDevWithPool, dev.span, message);
            sink.report(
                problem
                    .also(other.name_span, "the other device")
                    .help("remove one of the two"),
            );
        }
        if let Some(first) = self.interfaces.first() {
            ignored(&mut self.addresses, first, sink);
            ignored(&mut self.physical_functions, first, sink);
        } else if let Some(first) = self.addresses.first() {
            ignored(&mut self.physical_functions, first, sink);
        }
    }
}

/// Says that elements are not looked at because of `first`, and forgets them.
fn ignored(elements: &mut Vec<&Element>, first: &Element, sink: &mut Sink) {
    if let Some(second) = elements.first() {
        let message = format!("<{}> is ignored beside <{}>", second.name, first.name);
        let problem = Diagnostic::new(Code::ForwardPoolMixed, second.name_span, message);
        sink.report(
            problem
                .also(first.name_span, "what counts")
                .help("keep one of <interface>, <pf> and <address>"),
        );
    }
    elements.clear();
}

fn read_mode(mode: &Attribute, sink: &mut Sink) -> Option<Mode> {
    let known = Mode::ALL.into_iter().find(|each| each.word() == mode.value);
    if known.is_none() {
        let message = format!("the forward mode '{}' does not exist", mode.value);
        let problem = Diagnostic::new(Code::ForwardModeUnknown, mode.span, message);
        sink.report(problem.help(
            "write nat, route, open, bridge, private, vepa, passthrough or hostdev, \
             or leave <forward> out for an isolated network",
        ));
    }
    known
}
