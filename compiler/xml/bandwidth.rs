//! Reading `<bandwidth>`, of a network or of a portgroup.
//!
//! A rate is kilobytes a second, a burst is KiB; zero is kept and warned of. What the kernel can
//! count is asked of a network's own limits only, as libvirt does.

use super::element::{Attribute, Element};
use super::fields::Fields;
use super::value::number;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Bandwidth, Rates};

/// The highest rate of a network, in kilobytes a second (`networkValidate`).
const MAX_RATE: u64 = 1 << 54;
/// The highest burst of a network, in KiB.
const MAX_BURST: u64 = 4_194_303;

/// Reads the limits; `None` if there are none, or if something was wrong.
pub fn read(element: &Element, sink: &mut Sink) -> Option<Bandwidth> {
    let mut fields = Fields::new(element);
    let class_id = fields.attribute("classID");
    let inbound = fields.child("inbound");
    let outbound = fields.child("outbound");
    fields.finish(sink);
    if let Some(class_id) = class_id {
        let message = "classID belongs to a guest's port, not to a network or portgroup";
        let problem = Diagnostic::new(Code::BandwidthClassId, class_id.name_span, message);
        sink.report(problem.help("remove classID"));
    }
    let inbound = inbound.map(|element| direction(element, sink));
    let outbound = outbound.map(|element| direction(element, sink));
    let good = class_id.is_none() && inbound != Some(None) && outbound != Some(None);
    let bandwidth = Bandwidth {
        inbound: inbound.flatten(),
        outbound: outbound.flatten(),
    };
    (good && bandwidth != Bandwidth::default()).then_some(bandwidth)
}

/// Says what a network's own limits exceed (V138); a portgroup's are not checked.
pub fn check_limits(element: &Element, bandwidth: &Bandwidth, sink: &mut Sink) {
    let mut fields = Fields::new(element);
    let directions = [
        ("inbound", bandwidth.inbound),
        ("outbound", bandwidth.outbound),
    ];
    for (name, rates) in directions {
        let (Some(child), Some(rates)) = (fields.child(name), rates) else {
            continue;
        };
        let limits = [
            ("average", Some(rates.average), MAX_RATE),
            ("peak", rates.peak, MAX_RATE),
            ("burst", rates.burst, MAX_BURST),
        ];
        let mut inner = Fields::new(child);
        for (name, value, most) in limits {
            let Some(value) = value.filter(|value| *value > most) else {
                continue;
            };
            let span = inner
                .attribute(name)
                .map_or(child.name_span, |attribute| attribute.span);
            let message = format!("{name} '{value}' is above {most}, the most the kernel counts");
            let problem = Diagnostic::new(Code::BandwidthTooLarge, span, message);
            sink.report(problem.help("lower it, or leave it out to set no limit"));
        }
    }
}

/// One direction, as `virNetDevBandwidthParseRate`.
fn direction(element: &Element, sink: &mut Sink) -> Option<Rates> {
    let mut fields = Fields::new(element);
    let average = fields.attribute("average");
    let peak = fields.attribute("peak");
    let burst = fields.attribute("burst");
    let floor = fields.attribute("floor");
    fields.finish(sink);
    let name = element.name.as_str();
    let further = [peak, burst].into_iter().flatten();
    match (average, floor) {
        (None, None) => {
            let message = format!("<{name}> needs an average");
            let code = Code::BandwidthWithoutAverage;
            let problem = Diagnostic::new(code, element.name_span, message);
            sink.report(problem.help("add average='…', the rate in kilobytes a second"));
        }
        (None, Some(_)) if peak.or(burst).is_some() => {
            for attribute in further {
                let message = format!("<{name}> has {} but no average", attribute.name);
                let code = Code::BandwidthPeakWithoutAverage;
                let problem = Diagnostic::new(code, attribute.name_span, message);
                let help = "add average='…', and leave floor to the guest's interface";
                sink.report(problem.help(help));
            }
        }
        (_, Some(floor)) => {
            let message = "floor is a guest's guarantee, it cannot stand on a network or portgroup";
            let problem = Diagnostic::new(Code::BandwidthFloorOnNetwork, floor.name_span, message);
            sink.report(problem.help("remove floor, or set it on the guest's interface"));
        }
        (Some(_), None) => {}
    }
    let rates = [average, peak, burst].map(|each| each.map(|attribute| rate(attribute, sink)));
    let [average_rate, peak_rate, burst_rate] = rates;
    if average_rate == Some(Some(0)) {
        let message = match name {
            "outbound" => "an average of '0' lets nothing through",
            _ => "an average of '0' sets no limit",
        };
        let span = average.map_or(element.name_span, |attribute| attribute.span);
        let problem = Diagnostic::new(Code::BandwidthZero, span, message);
        sink.report(problem.help(format!("remove <{name}> to set no limit")));
    }
    if let Some(peak) = peak.filter(|_| name == "outbound") {
        let message = "peak has no effect on <outbound>: policing has no queue to drain";
        let problem = Diagnostic::new(Code::PeakOnOutbound, peak.name_span, message);
        sink.report(problem.help("remove peak, or raise burst"));
    }
    if floor.is_some() || [peak_rate, burst_rate].contains(&Some(None)) {
        return None;
    }
    Some(Rates {
        average: average_rate??,
        peak: peak_rate.flatten(),
        burst: burst_rate.flatten(),
    })
}

fn rate(attribute: &Attribute, sink: &mut Sink) -> Option<u64> {
    let rate = number(&attribute.value);
    if rate.is_none() {
        let (name, value) = (&attribute.name, &attribute.value);
        let message = format!("{name} is a whole number, not '{value}'");
        let code = Code::BandwidthRateNotANumber;
        let problem = Diagnostic::new(code, attribute.span, message);
        sink.report(problem.help("write kilobytes a second, KiB for burst"));
    }
    rate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::element::fixture::{codes, element};

    #[test]
    fn limits_are_read_and_checked() {
        let mut sink = Sink::default();
        let text = "<bandwidth><inbound average='9' peak='18' burst='4194304'/></bandwidth>";
        let tree = element(text);
        let bandwidth = read(&tree, &mut sink).expect("the limits are good");
        let inbound = bandwidth.inbound.expect("there is an inbound limit");
        assert_eq!((inbound.average, inbound.peak), (9, Some(18)));
        assert_eq!(bandwidth.outbound, None);
        assert!(codes(&sink).is_empty());
        check_limits(&tree, &bandwidth, &mut sink);
        assert_eq!(codes(&sink), [Code::BandwidthTooLarge]);
    }

    #[test]
    fn what_libvirt_refuses_is_refused() {
        let cases = [
            ("<inbound/>", Code::BandwidthWithoutAverage),
            ("<inbound peak='1'/>", Code::BandwidthWithoutAverage),
            ("<outbound burst='1'/>", Code::BandwidthWithoutAverage),
            ("<inbound average=''/>", Code::BandwidthRateNotANumber),
            (
                "<inbound average='1' peak='-1'/>",
                Code::BandwidthRateNotANumber,
            ),
            ("<inbound floor='1'/>", Code::BandwidthFloorOnNetwork),
            (
                "<outbound average='1' floor='1'/>",
                Code::BandwidthFloorOnNetwork,
            ),
        ];
        for (inner, code) in cases {
            let mut sink = Sink::default();
            let tree = element(&format!("<bandwidth>{inner}</bandwidth>"));
            assert_eq!(read(&tree, &mut sink), None, "{inner}");
            assert_eq!(codes(&sink), [code], "{inner}");
        }
        let mut sink = Sink::default();
        assert_eq!(read(&element("<bandwidth classID='3'/>"), &mut sink), None);
        assert_eq!(codes(&sink), [Code::BandwidthClassId]);
    }

    #[test]
    fn what_has_no_effect_is_warned_of() {
        let mut sink = Sink::default();
        let text = "<bandwidth><inbound average='0'/><outbound average='1' peak='2'/></bandwidth>";
        assert!(read(&element(text), &mut sink).is_some());
        assert_eq!(codes(&sink), [Code::BandwidthZero, Code::PeakOnOutbound]);
        assert_eq!(read(&element("<bandwidth/>"), &mut sink), None);
    }
}
