//! What was applied: one generation after the other, each a set of networks and how they were put
//! onto the host.
//!
//! ```text
//! /var/lib/lanwright/generations/12.json   the networks of a generation, by file
//! /var/lib/lanwright/networks/…            their XML, with bridge name, MAC and UUID filled in
//! /var/lib/lanwright/current               the generation that the host holds
//! /var/lib/lanwright/last-good             the last one that was confirmed
//! /var/lib/lanwright/unconfirmed           the one that goes back by itself unless confirmed
//! /var/lib/lanwright/deadline              and when it does
//! /var/lib/lanwright/journal               the one that is being applied, and how far it came
//! ```
//!
//! A network's file is named after its content, so that a generation with one network more is one
//! file more. Every file is flushed to the disk before the next depends on it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use rayon::prelude::*;

use super::HostError;
use super::execute::make_folder;
use super::input::Input;
use crate::diagnostic::Sink;
use crate::network::{self, BridgeChoice, Declared, Kind, Member, NetworkSet};
use crate::plan::{Handed, Manner, Taken};
use crate::source::{Source, Sources};
use crate::state::{Address, Route};
use crate::value::encode::file_stem;
use crate::xml;

/// Where it is all kept.
pub const HOME: &str = "/var/lib/lanwright";

/// How many generations are kept.
const KEPT: usize = 10;

/// The number of a generation: 1 is the first; 0 is a host without networks of ours.
pub type Number = u64;

/// What a generation's file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Stored {
    made: String,
    before: Number,
    manner: Option<Manner>,
    networks: Vec<String>,
    taken: Vec<StoredTaken>,
    #[serde(default)]
    handed: Vec<Handed>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredTaken {
    dev: String,
    addresses: Vec<String>,
    routes: Vec<(String, String, Option<u32>)>,
}

/// A set of networks, and how they are put onto the host.
#[derive(Clone, Debug, Default)]
pub struct Generation {
    /// Its number.
    pub number: Number,
    /// The one that it followed.
    pub before: Number,
    /// When it was made.
    pub made: String,
    /// How; none for a host without networks.
    pub manner: Option<Manner>,
    /// The networks, as they were read.
    pub declared: Vec<Declared>,
    /// Their files.
    pub inputs: Vec<Input>,
    /// What uplinks held before.
    pub taken: Vec<Taken>,
    /// What was taken from libvirt.
    pub handed: Vec<Handed>,
}

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// What is there was not written by us, or is damaged.
    #[error("{} cannot be understood: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is the matter.
        reason: String,
    },
}

/// The tree whose store it is, where that is not this machine's.
static ELSEWHERE: OnceLock<PathBuf> = OnceLock::new();

/// From now on the store is that of another root: of an image that is being built. Where it is
/// called twice the first root stays.
pub fn set_root(root: &Path) {
    let _ = ELSEWHERE.set(root.to_owned());
}

/// Whether the store is that of another root.
pub fn is_elsewhere() -> bool {
    ELSEWHERE.get().is_some()
}

/// The place of a file of the store.
pub(super) fn place(name: &str) -> PathBuf {
    match ELSEWHERE.get() {
        None => Path::new(HOME).join(name),
        Some(root) => {
            let home = Path::new(HOME).strip_prefix("/");
            root.join(home.unwrap_or(Path::new(HOME))).join(name)
        }
    }
}

fn generation_file(number: Number) -> PathBuf {
    place(&format!("generations/{number}.json"))
}

/// A number that a file holds; 0 if there is none.
fn number_in(name: &str) -> Result<Number, StoreError> {
    let path = place(name);
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| StoreError::Damaged {
            path,
            reason: "it holds no number".to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(HostError::io("read", &path)(error).into()),
    }
}

/// The generation that the host holds.
pub fn current() -> Result<Number, StoreError> {
    number_in("current")
}

/// The last generation that was confirmed.
pub fn last_good() -> Result<Number, StoreError> {
    number_in("last-good")
}

/// The generation that goes back by itself unless it is confirmed.
pub fn unconfirmed() -> Result<Option<Number>, StoreError> {
    Ok(Some(number_in("unconfirmed")?).filter(|number| *number > 0))
}

/// The host holds this generation now.
pub fn set_current(number: Number) -> Result<(), StoreError> {
    Ok(put("current", &format!("{number}\n"))?)
}

/// This generation is good.
pub fn set_last_good(number: Number) -> Result<(), StoreError> {
    Ok(put("last-good", &format!("{number}\n"))?)
}

/// This generation waits to be confirmed, or none does.
pub fn set_unconfirmed(number: Option<Number>) -> Result<(), StoreError> {
    match number {
        Some(number) => Ok(put("unconfirmed", &format!("{number}\n"))?),
        None => {
            super::process::remove_file(&place("deadline"))?;
            Ok(super::process::remove_file(&place("unconfirmed"))?)
        }
    }
}

/// When what waits to be confirmed goes back: seconds since 1970.
pub fn deadline() -> Result<Option<u64>, StoreError> {
    Ok(Some(number_in("deadline")?).filter(|seconds| *seconds > 0))
}

/// It goes back at this time.
pub fn set_deadline(seconds: u64) -> Result<(), StoreError> {
    Ok(put("deadline", &format!("{seconds}\n"))?)
}

/// Writes a file of the store whole and safely on the disk.
pub(super) fn put(name: &str, text: &str) -> Result<(), HostError> {
    let path = place(name);
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(folder)?;
    let mut fresh =
        tempfile::NamedTempFile::new_in(folder).map_err(HostError::io("write into", folder))?;
    fresh
        .write_all(text.as_bytes())
        .map_err(HostError::io("write", &path))?;
    fresh
        .as_file()
        .sync_all()
        .map_err(HostError::io("write", &path))?;
    fresh
        .persist(&path)
        .map_err(|error| HostError::io("write", &path)(error.error))?;
    let folder_file = File::open(folder).map_err(HostError::io("write", folder))?;
    folder_file
        .sync_all()
        .map_err(HostError::io("write", folder))
}

/// The generations that are kept, the newest first.
pub fn numbers() -> Result<Vec<Number>, StoreError> {
    let folder = place("generations");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(HostError::io("read", &folder))?,
    };
    let mut numbers: Vec<Number> = entries
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .strip_suffix(".json")?
                .parse()
                .ok()
        })
        .collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

/// A generation; 0 is a host without networks.
pub fn load(number: Number) -> Result<Generation, StoreError> {
    if number == 0 {
        return Ok(Generation::default());
    }
    let path = generation_file(number);
    let damaged = |reason: String| StoreError::Damaged {
        path: path.clone(),
        reason,
    };
    let text = fs::read_to_string(&path).map_err(HostError::io("read", &path))?;
    let stored: Stored = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let inputs = stored.networks.iter().map(|file| read_file(file));
    let inputs: Vec<Input> = inputs.collect::<Result<_, _>>()?;
    let declared = inputs.par_iter().map(read_network);
    let taken = stored.taken.iter().map(StoredTaken::read);
    Ok(Generation {
        number,
        before: stored.before,
        made: stored.made,
        manner: stored.manner,
        declared: declared.collect::<Result<_, _>>()?,
        inputs,
        taken: taken
            .collect::<Option<_>>()
            .ok_or_else(|| damaged("an address in it is none".to_owned()))?,
        handed: stored.handed,
    })
}

fn read_file(file: &str) -> Result<Input, StoreError> {
    let path = place("networks").join(file);
    let bytes = fs::read(&path).map_err(HostError::io("read", &path))?;
    Ok(Input {
        name: path.display().to_string(),
        bytes,
    })
}

fn read_network(input: &Input) -> Result<Declared, StoreError> {
    let text = String::from_utf8_lossy(&input.bytes).into_owned();
    let mut sources = Sources::default();
    let id = sources.add(Source::new(input.name.clone(), text));
    let source = sources.iter().next().map(|(_, source)| source);
    let mut sink = Sink::default();
    source
        .and_then(|source| xml::read(id, source, &mut sink))
        .ok_or_else(|| StoreError::Damaged {
            path: PathBuf::from(&input.name),
            reason: "it is no network XML of ours".to_owned(),
        })
}

/// Where the networks are that the host holds: the name of each file without what tells versions
/// apart, and the file.
pub fn current_files() -> Result<Vec<(String, PathBuf)>, StoreError> {
    let path = match current()? {
        0 => return Ok(Vec::new()),
        number => generation_file(number),
    };
    let text = fs::read_to_string(&path).map_err(HostError::io("read", &path))?;
    let stored: Stored = serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
        path,
        reason: error.to_string(),
    })?;
    let named = |file: &String| {
        let stem = file.strip_suffix(".xml")?;
        let (stem, _) = stem.rsplit_once('.')?;
        Some((format!("{stem}.xml"), place("networks").join(file)))
    };
    Ok(stored.networks.iter().filter_map(named).collect())
}

/// Keeps a new generation, safely on the disk, and forgets the oldest. Without a manner the host
/// that is to hold it decides.
pub fn save(
    set: &NetworkSet,
    before: Number,
    manner: impl Into<Option<Manner>>,
    taken: &[Taken],
    handed: &[Handed],
) -> Result<Number, StoreError> {
    let newest = numbers()?.first().copied().unwrap_or(0);
    let number = newest.max(current()?) + 1;
    let networks = set.members().iter().map(save_network);
    let stored = Stored {
        made: super::clock::now_text(),
        before,
        manner: manner.into(),
        networks: networks.collect::<Result<_, _>>()?,
        taken: taken.iter().map(StoredTaken::new).collect(),
        handed: handed.to_vec(),
    };
    let text = serde_json::to_string_pretty(&stored).unwrap_or_default();
    put(&format!("generations/{number}.json"), &(text + "\n"))?;
    Ok(number)
}

/// The text of a network with everything that was decided for it.
fn complete(member: &Member) -> String {
    let mut network = member.network.clone();
    network.uuid = Some(member.uuid);
    if let Kind::Virtual(declared) = &mut network.kind {
        declared.mac = member.mac;
        if let Some(name) = &member.bridge {
            declared.bridge.name = BridgeChoice::Named(name.clone());
        }
    }
    xml::write::print(&network)
}

fn save_network(member: &Member) -> Result<String, StoreError> {
    let text = complete(member);
    let hash = Sha256::digest(text.as_bytes());
    let hash: String = hash
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let stem: String = file_stem(member.network.name.as_str())
        .chars()
        .take(100)
        .collect();
    let file = format!("{stem}.{hash}.xml");
    let name = format!("networks/{file}");
    if fs::read_to_string(place(&name)).ok().as_ref() != Some(&text) {
        put(&name, &text)?;
    }
    Ok(file)
}

/// Forgets a generation that came to nothing.
pub fn forget(number: Number) -> Result<(), StoreError> {
    Ok(super::process::remove_file(&generation_file(number))?)
}

/// Forgets all but the last generations, and networks that none of them has.
pub fn tidy() -> Result<(), StoreError> {
    let kept = [current()?, last_good()?];
    let numbers = numbers()?;
    for number in numbers
        .iter()
        .skip(KEPT)
        .filter(|number| !kept.contains(number))
    {
        forget(*number)?;
    }
    if numbers.len() <= KEPT {
        return Ok(());
    }
    let mut used = HashSet::new();
    for number in self::numbers()? {
        let path = generation_file(number);
        let text = fs::read_to_string(&path).map_err(HostError::io("read", &path))?;
        if let Ok(stored) = serde_json::from_str::<Stored>(&text) {
            used.extend(stored.networks);
        }
    }
    let folder = place("networks");
    let entries = fs::read_dir(&folder).map_err(HostError::io("read", &folder))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".xml") && !used.contains(&name) {
            super::process::remove_file(&entry.path())?;
        }
    }
    Ok(())
}

impl Generation {
    /// Its networks as one set.
    pub fn set(&self) -> Result<NetworkSet, StoreError> {
        let mut sink = Sink::default();
        network::assemble(self.declared.clone(), &mut sink).ok_or_else(|| StoreError::Damaged {
            path: generation_file(self.number),
            reason: "its networks do not fit together".to_owned(),
        })
    }
}

impl StoredTaken {
    fn new(taken: &Taken) -> Self {
        let route = |each: &Route| {
            (
                each.destination.to_string(),
                each.gateway.to_string(),
                each.metric,
            )
        };
        StoredTaken {
            dev: taken.dev.to_string(),
            addresses: taken
                .addresses
                .iter()
                .map(|each| each.address.to_string())
                .collect(),
            routes: taken.routes.iter().map(route).collect(),
        }
    }

    fn read(&self) -> Option<Taken> {
        let dev = self.dev.parse().ok()?;
        let address = |text: &String| {
            Some(Address {
                link: self.dev.parse().ok()?,
                address: text.parse().ok()?,
            })
        };
        let route = |(destination, gateway, metric): &(String, String, Option<u32>)| {
            Some(Route {
                link: self.dev.parse().ok()?,
                destination: destination.parse().ok()?,
                gateway: gateway.parse().ok()?,
                metric: *metric,
            })
        };
        Some(Taken {
            dev,
            addresses: self.addresses.iter().map(address).collect::<Option<_>>()?,
            routes: self.routes.iter().map(route).collect::<Option<_>>()?,
        })
    }
}
