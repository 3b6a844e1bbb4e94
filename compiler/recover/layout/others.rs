//! Rules and bridges of programs that make networks of their own, so that none is taken for ours.

use std::collections::BTreeMap;

use crate::audit::owner::{Judge, Learnt, Owner};
use crate::capture::Capture;
use crate::firewall::normal::NormalRule;
use crate::firewall::{Chain, DevicePattern, Rule, Table};
use crate::recover::shape::Shape;
use crate::state::HostState;
use crate::value::DeviceName;

/// Whose bridges there are beside ours.
#[derive(Debug, Default)]
pub struct Others {
    learnt: Learnt,
    /// Bridges that rules of such a program name.
    named: BTreeMap<String, Owner>,
}

impl Others {
    /// What the rules of a host tell.
    pub fn of(capture: &Capture) -> Self {
        let present = capture.present();
        let tables = present.iter().flat_map(|captured| &captured.ruleset.tables);
        let tables: Vec<&Table> = tables.collect();
        let mut others = Others {
            learnt: Learnt::of(&tables, &capture.state, &HostState::default()),
            named: BTreeMap::new(),
        };
        let mut named = BTreeMap::new();
        for table in tables {
            let judge = others.judge(table);
            for chain in &table.chains {
                for rule in &chain.rules {
                    if let Some(owner) = foreign(&judge, chain, rule).filter(|it| bridges(*it)) {
                        let normal = NormalRule::of(rule, table.family);
                        let shape = Shape::of(&normal).unwrap_or_default();
                        let devices = [shape.came_in, shape.goes_out].into_iter().flatten();
                        named.extend(devices.map(|device| (device.name, owner)));
                    }
                }
            }
        }
        others.named = named;
        others
    }

    /// Whose this bridge is, if it is somebody else's.
    pub fn owner(&self, bridge: &DeviceName) -> Option<Owner> {
        let known = self.learnt.device(&DevicePattern::from(bridge));
        let named = self.named.get(bridge.as_str()).copied();
        known.or(named).filter(|owner| !owner.is_ours())
    }

    /// Says whose the rules of a table are.
    pub(super) fn judge<'a>(&'a self, table: &'a Table) -> Judge<'a> {
        Judge::new(&self.learnt, table)
    }
}

/// Whose a rule is, if it is a program's that is known and not ours.
pub(super) fn foreign(judge: &Judge<'_>, chain: &Chain, rule: &Rule) -> Option<Owner> {
    let whole = judge.table().map(|claim| claim.owner);
    let owner = whole.unwrap_or_else(|| judge.rule(chain, rule).owner);
    (!owner.is_ours() && owner != Owner::Unknown).then_some(owner)
}

/// Whether a program makes bridges; a firewall may name anyone's.
fn bridges(owner: Owner) -> bool {
    match owner {
        Owner::Docker
        | Owner::Kubernetes
        | Owner::Cni
        | Owner::Podman
        | Owner::Incus
        | Owner::Lxd
        | Owner::Lxc
        | Owner::Multipass
        | Owner::NetworkManager
        | Owner::Systemd
        | Owner::Proxmox
        | Owner::OpenStack => true,
        Owner::Libvirt
        | Owner::Lanwright
        | Owner::NetworkFilter
        | Owner::UfwDocker
        | Owner::Firewalld
        | Owner::Ufw
        | Owner::Fail2ban
        | Owner::CrowdSec
        | Owner::Sshguard
        | Owner::Tailscale
        | Owner::NetBird
        | Owner::WireGuard
        | Owner::Mullvad
        | Owner::NixOs
        | Owner::Miniupnpd
        | Owner::Shorewall
        | Owner::Csf
        | Owner::Unknown => false,
    }
}
