//! Subnets and routes of several networks that meet.
//!
//! libvirt looks at equal IPv4 routes only, when a network starts. Everything else that overlaps
//! is a warning of ours.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::network::{Declared, Forward};
use crate::source::Span;

/// Reports subnets and routes that meet.
pub fn check(declared: &[Declared], sink: &mut Sink) {
    let claims = claims(declared);
    equal(&claims, sink);
    overlapping(&claims, sink);
}

fn place(places: &[Span], at: usize, declared: &Declared) -> Span {
    places.get(at).copied().unwrap_or(declared.places.name)
}

/// A subnet or the destination of a route, and whose it is.
struct Claim<'a> {
    net: IpNet,
    route: bool,
    span: Span,
    /// Where it stands among all claims.
    order: usize,
    /// Which network's.
    owner: usize,
    declared: &'a Declared,
}

impl Claim<'_> {
    /// Whether it becomes a line of `/proc/net/route`: the kernel makes none for a single
    /// address or for everything.
    fn is_kernel_route(&self) -> bool {
        match self.net {
            IpNet::V4(net) => self.route || (1..=31).contains(&net.prefix_len()),
            IpNet::V6(_) => false,
        }
    }

    fn name(&self) -> &str {
        self.declared.network.name.as_str()
    }

    fn masquerades(&self) -> bool {
        let own = self.declared.network.as_virtual();
        own.is_some_and(|own| match own.forward {
            Forward::Nat(_) => true,
            Forward::Isolated | Forward::Route(_) | Forward::Open => false,
        })
    }
}

fn claims(declared: &[Declared]) -> Vec<Claim<'_>> {
    let mut claims = Vec::new();
    for (owner, each) in declared.iter().enumerate() {
        let Some(own) = each.network.as_virtual() else {
            continue;
        };
        let subnets = own.subnets.iter().enumerate().map(|(at, subnet)| {
            let span = place(&each.places.subnets, at, each);
            (subnet.network(), false, span)
        });
        let routes = own.routes.iter().enumerate().map(|(at, route)| {
            let span = place(&each.places.routes, at, each);
            (route.destination.trunc(), true, span)
        });
        for (net, route, span) in subnets.chain(routes) {
            claims.push(Claim {
                net,
                route,
                span,
                order: claims.len(),
                owner,
                declared: each,
            });
        }
    }
    claims
}

/// V161 (`networkCheckRouteCollision`): no IPv4 network and mask is in two networks.
fn equal(claims: &[Claim<'_>], sink: &mut Sink) {
    let mut seen: HashMap<IpNet, &Claim<'_>> = HashMap::new();
    for claim in claims.iter().filter(|claim| claim.is_kernel_route()) {
        let first = *seen.entry(claim.net).or_insert(claim);
        if first.owner == claim.owner {
            continue;
        }
        // A route is to blame sooner than the subnet that it would take away.
        let (blamed, other) = if first.route && !claim.route {
            (first, claim)
        } else {
            (claim, first)
        };
        let (code, what, help) = if blamed.route {
            let help = "remove the route, or choose another subnet for one of the networks";
            (Code::RouteTaken, "the route to", help)
        } else {
            let help = "choose another subnet for one of the networks";
            (Code::SubnetTaken, "the subnet", help)
        };
        let message = format!(
            "{what} '{}' is already used by the network '{}'",
            blamed.net,
            other.name()
        );
        let problem = Diagnostic::new(code, blamed.span, message);
        sink.report(problem.also(other.span, "used here").help(help));
    }
}

/// Walks over the subnets from low to high, keeping those that are open at each point: two
/// subnets are apart or one lies in the other, so the innermost open one is enough.
fn overlapping(claims: &[Claim<'_>], sink: &mut Sink) {
    let mut subnets: Vec<&Claim<'_>> = claims.iter().filter(|claim| !claim.route).collect();
    let key = |claim: &&Claim<'_>| (claim.net.network(), claim.net.prefix_len(), claim.order);
    subnets.sort_by_key(key);
    let mut open: Vec<&Claim<'_>> = Vec::new();
    for claim in subnets {
        while open
            .last()
            .is_some_and(|last| !contains(last.net, claim.net.network()))
        {
            open.pop();
        }
        if let Some(around) = open.last() {
            warn_of_overlap(around, claim, sink);
        }
        open.push(claim);
    }
}

fn contains(net: IpNet, address: IpAddr) -> bool {
    net.contains(&address)
}

fn warn_of_overlap(around: &Claim<'_>, inside: &Claim<'_>, sink: &mut Sink) {
    let equal = around.net == inside.net;
    // Within one network the reader of its file has looked; equal ones are refused already.
    if around.owner == inside.owner || (equal && inside.is_kernel_route()) {
        return;
    }
    let (later, earlier) = if around.order > inside.order {
        (around, inside)
    } else {
        (inside, around)
    };
    let mut message = format!(
        "the subnet '{}' overlaps '{}' of the network '{}'",
        later.net,
        earlier.net,
        earlier.name()
    );
    if later.masquerades() || earlier.masquerades() {
        message += ", the NAT rules of one match packets of the other";
    }
    let problem = Diagnostic::new(Code::SubnetsOverlap, later.span, message);
    sink.report(
        problem
            .also(earlier.span, "the other subnet")
            .help("choose subnets that have no address in common"),
    );
}
