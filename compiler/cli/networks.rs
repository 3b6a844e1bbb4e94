//! The networks that a command is to put onto the host, among those that it holds already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::compile::Uplinks;
use super::load::{self, Loaded};
use crate::host::apply::Standing;
use crate::host::input::{self, Input};
use crate::host::{libvirt, observe, store};
use crate::network::{BridgeChoice, Declared, Kind, Network, NetworkSet, set};
use crate::value::{DeviceName, NetworkName};

/// Where networks lie when none is named.
pub const FOLDER: &str = "/etc/lanwright/networks";

/// The networks that the host is to hold, and which of them were named.
pub struct Chosen {
    /// All of them, in their start order.
    pub set: NetworkSet,
    /// Those that were named, and those that go.
    pub named: BTreeSet<NetworkName>,
}

/// The paths that were given, else the folder of the host.
pub fn paths(inputs: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    if !inputs.is_empty() {
        return Ok(inputs.to_vec());
    }
    if !input::is_folder(Path::new(FOLDER)) {
        bail!("no network is named, and {FOLDER} is not there");
    }
    Ok(vec![PathBuf::from(FOLDER)])
}

/// Reads the networks that are named and lays them among those that the host holds; `None` if there
/// was an error in them, which is said.
pub fn choose(
    inputs: &[PathBuf],
    uplinks: &[String],
    standing: &Standing,
    prune: bool,
    take_over: bool,
) -> anyhow::Result<Option<Chosen>> {
    let mut uplinks = Uplinks::parse(uplinks)?;
    let loaded = load::load(&paths(inputs)?, |declared| uplinks.apply(declared));
    loaded.complain();
    if !loaded.unreadable.is_empty() {
        bail!("nothing was changed");
    }
    let Some(given) = &loaded.set else {
        return Ok(None);
    };
    uplinks.all_used()?;
    let names: BTreeSet<NetworkName> = names(given);
    let mut named = names.clone();
    if prune {
        named.extend(self::names(&standing.set));
    }
    let theirs = match take_over {
        true => libvirt::running(),
        false => BTreeMap::new(),
    };
    let mut decided = Decided::new(&loaded, standing, theirs);
    let merged = merge(&loaded, standing, &names, prune, |declared| {
        uplinks.apply(declared);
        decided.fill_in(declared);
    });
    let Some(set) = merged.set else {
        // What was said of the named networks alone is said already.
        merged.complain();
        return Ok(None);
    };
    Ok(Some(Chosen { set, named }))
}

/// The names of the networks of a set.
pub fn names(set: &NetworkSet) -> BTreeSet<NetworkName> {
    set.members()
        .iter()
        .map(|member| member.network.name.clone())
        .collect()
}

/// Networks keep their place among the others; new ones come last.
fn merge(
    loaded: &Loaded,
    standing: &Standing,
    names: &BTreeSet<NetworkName>,
    prune: bool,
    mut adjust: impl FnMut(&mut Declared),
) -> Loaded {
    let members = loaded.set.iter().flat_map(|set| set.members());
    let mut given: BTreeMap<NetworkName, Input> = BTreeMap::new();
    let mut order = Vec::new();
    for (member, (_, source)) in members.zip(loaded.sources.iter()) {
        let name = member.network.name.clone();
        order.push(name.clone());
        let input = Input {
            name: source.name().to_owned(),
            bytes: source.text().as_bytes().to_vec(),
        };
        given.insert(name, input);
    }
    let mut inputs = Vec::new();
    for (member, input) in standing.set.members().iter().zip(&standing.now.inputs) {
        match given.remove(&member.network.name) {
            Some(input) => inputs.push(input),
            None if prune => {}
            None => inputs.push(input.clone()),
        }
    }
    inputs.extend(order.iter().filter_map(|name| given.remove(name)));
    load::load_inputs(inputs, Vec::new(), |declared| {
        if names.contains(&declared.network.name) {
            adjust(declared);
        }
    })
}

/// What was decided for networks before, which a new apply keeps; and names that are taken.
struct Decided<'a> {
    before: BTreeMap<&'a NetworkName, &'a crate::network::Member>,
    /// What libvirt runs and is taken over: it is as if we had decided so.
    theirs: BTreeMap<NetworkName, Network>,
    taken: BTreeSet<DeviceName>,
}

impl<'a> Decided<'a> {
    fn new(
        loaded: &Loaded,
        standing: &'a Standing,
        theirs: BTreeMap<NetworkName, Network>,
    ) -> Self {
        let members = standing.set.members().iter();
        let before: BTreeMap<_, _> = members
            .map(|member| (&member.network.name, member))
            .collect();
        // The devices of the machine that builds an image are not the image's.
        let mut taken: BTreeSet<DeviceName> = match store::is_elsewhere() {
            true => BTreeSet::new(),
            false => observe::device_names(),
        };
        taken.extend(before.values().filter_map(|member| member.bridge.clone()));
        let given = loaded.set.iter().flat_map(|set| set.members());
        taken.extend(given.filter_map(|member| member.network.named_bridge().cloned()));
        Decided {
            before,
            theirs,
            taken,
        }
    }

    /// As libvirt does: a bridge name that is left open is chosen once and then kept, as are MAC
    /// and UUID.
    fn fill_in(&mut self, declared: &mut Declared) {
        let network = &mut declared.network;
        let before = self.before.get(&network.name).copied();
        if network.uuid.is_none() {
            network.uuid = before.map(|before| before.uuid);
        }
        let theirs = self.theirs.get(&network.name);
        let theirs = theirs.filter(|_| before.is_none());
        network.uuid = network.uuid.or(theirs.and_then(|theirs| theirs.uuid));
        let Kind::Virtual(network) = &mut network.kind else {
            return;
        };
        if network.mac.is_none() {
            // Guests know the bridge by its hardware address.
            let theirs = theirs.and_then(|theirs| theirs.as_virtual()?.mac);
            network.mac = before.and_then(|before| before.mac).or(theirs);
        }
        if let BridgeChoice::Numbered { prefix, suffix } = &network.bridge.name {
            let kept = before
                .filter(|before| before.network.as_virtual().is_some())
                .and_then(|before| before.bridge.clone())
                .or_else(|| theirs?.named_bridge().cloned());
            let name = kept.or_else(|| set::first_free(prefix, suffix, &self.taken));
            if let Some(name) = name {
                self.taken.insert(name.clone());
                network.bridge.name = BridgeChoice::Named(name);
            }
        }
    }
}

/// The networks that the host holds, without those that go.
pub fn without(
    standing: &Standing,
    gone: &BTreeSet<NetworkName>,
) -> Result<NetworkSet, store::StoreError> {
    Ok(standing
        .set
        .only(|member| !gone.contains(&member.network.name)))
}

/// What was meant by the name of a network that is not there.
pub(super) fn hint(name: &str, there: &BTreeSet<NetworkName>) -> String {
    let near = there.iter().max_by(|one, other| {
        let near = |each: &NetworkName| strsim::jaro_winkler(each.as_str(), name);
        near(one).total_cmp(&near(other))
    });
    match near {
        Some(near) if strsim::jaro_winkler(near.as_str(), name) > 0.8 => {
            format!("; did you mean '{near}'?")
        }
        Some(_) => {
            let names: Vec<&str> = there.iter().map(NetworkName::as_str).collect();
            format!("; there are: {}", names.join(", "))
        }
        None => ": nothing was applied".to_owned(),
    }
}
