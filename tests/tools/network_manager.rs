//! NetworkManager's keyfiles and `nmcli.sh`, read by `nmcli --offline`, which needs no daemon, and
//! by a NetworkManager of the room's own.
//!
//! nmcli refuses bad values and drops unknown keys without a word, so what it writes back is held
//! against what it was given.

use crate::common::room::Room;
use crate::common::{self, difference, text, with_extension};
use crate::kernel::lacking;
use std::collections::BTreeMap;
use std::path::Path;

/// A profile as `section.key` and value, MAC addresses in one case.
type Profile = BTreeMap<String, String>;

fn profile(text: &str) -> Profile {
    let mut section = "";
    let mut profile = Profile::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name;
        } else if let Some((key, value)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let mut value = value.trim_end_matches(';').to_owned();
            if key.ends_with("mac-address") {
                value.make_ascii_lowercase();
            }
            profile.insert(format!("{section}.{key}"), value);
        }
    }
    profile
}

fn lines(profile: &Profile) -> Vec<String> {
    profile
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// What nmcli writes back of a keyfile, with autoconnect set to what is the default.
fn written_back(file: &Path) -> Result<String, String> {
    let script = r#"nmcli --offline connection modify connection.autoconnect yes <"$1""#;
    Room::new(script).argument(file).run().stdout()
}

/// Runs `$1`, an nmcli.sh, twice: it makes profiles, and then finds them and changes them. Its
/// nmcli keeps each profile as a file in /run/profiles, named after the uuid.
const NMCLI: &str = r#"
mkdir -p /run/profiles
cp /usr/bin/nmcli /run/nmcli
cat >/run/offline <<'SHIM'
#!/bin/bash
set -euo pipefail
if [[ ${1:-} == -g ]]; then shift 2; fi
if [[ ${1:-} == --wait=* ]]; then shift; fi
new=$(mktemp /run/new.XXXXXX)
case "${1:-} ${2:-} ${3:-}" in
  "connection show uuid") [[ -e /run/profiles/$4 ]] || exit 10 ;;
  "connection add "*)
    /run/nmcli --offline "$@" >"$new"
    mv "$new" "/run/profiles/$(sed -n 's/^uuid=//p' "$new")" ;;
  "connection modify uuid")
    /run/nmcli --offline connection modify "${@:5}" <"/run/profiles/$4" >"$new"
    mv "$new" "/run/profiles/$4" ;;
  "connection up uuid") [[ -e /run/profiles/$4 ]] ;;
  *) echo "a command the test does not know: nmcli $*" >&2; exit 1 ;;
esac
SHIM
chmod +x /run/offline
mount --bind /run/offline /usr/bin/nmcli
"$1" >&2
cp -r /run/profiles /run/once
"$1" >&2
diff -r /run/once /run/profiles >&2
for made in /run/profiles/*; do
  [[ -e $made ]] || continue
  echo "=== ${made##*/}"
  /run/nmcli --offline connection modify connection.autoconnect yes <"$made"
done
"#;

/// What NetworkManager leaves out when it writes a profile, because it is the default.
const DEFAULTS: &[(&str, &str)] = &[("bridge.stp", "true"), ("connection.autoconnect", "true")];

/// A NetworkManager of the room's own, given the keyfiles of the folder `$1`; then waits for the
/// bridges and addresses that follow, as `name` or `name,address`.
const LIVE: &str = r#"
mkdir -p /run/NetworkManager /run/udev/data /var/lib/NetworkManager
rm -rf /etc/NetworkManager
mkdir -p /etc/NetworkManager/system-connections
cp "$1"/*.nmconnection /etc/NetworkManager/system-connections/
chown -R root:root /etc/NetworkManager
chmod 600 /etc/NetworkManager/system-connections/*
cat >/etc/NetworkManager/NetworkManager.conf <<'CONF'
[main]
plugins=keyfile
dns=none
rc-manager=unmanaged
no-auto-default=*
[device]
carrier-wait-timeout=0
[logging]
level=WARN
CONF
shift
dbus-daemon --system --fork --nopidfile
NetworkManager --no-daemon >/run/log 2>&1 &
missing=
for _ in {1..150}; do
  missing=
  for wanted; do
    device=${wanted%%,*} address=
    [[ $wanted == *,* ]] && address=" ${wanted#*,} "
    have=$(ip -o address show dev "$device" 2>&1; ip -o link show dev "$device" 2>&1) || have=
    [[ -n $have && $have == *"$address"* ]] || missing+=" $wanted"
  done
  [[ -z $missing ]] && exit 0
  sleep 0.1
done
cat /run/log >&2
ip address >&2
echo "NetworkManager did not make:$missing" >&2
exit 1
"#;

fn comes_up(name: &str, tree: &Path) -> Result<(), String> {
    let folder = tree.join("network-manager");
    let mut wanted = Vec::new();
    for file in with_extension(&folder, "nmconnection") {
        let profile = profile(&text(&file));
        let value = |key: &str| profile.get(key).map(String::as_str).unwrap_or_default();
        if value("connection.type") != "bridge" {
            continue;
        }
        if value("bridge.vlan-filtering") == "true" && lacking().contains(&"vlan_filtering 1") {
            common::skipped(&format!(
                "{name}: this kernel lacks VLAN filtering of bridges"
            ));
            return Ok(());
        }
        let device = value("connection.interface-name");
        wanted.push(device.to_owned());
        let addresses = profile.iter().filter(|(key, _)| key.contains(".address"));
        wanted.extend(addresses.map(|(_, address)| {
            let address = address.split(',').next().unwrap_or(address);
            format!("{device},{address}")
        }));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let mut room = Room::new(LIVE).argument(&folder).limit_seconds(60);
    for wanted in wanted {
        room = room.argument(wanted);
    }
    room.run().stdout().map(drop)
}

fn keyfiles_hold(tree: &Path) -> Result<(), String> {
    for file in with_extension(&tree.join("network-manager"), "nmconnection") {
        let back = written_back(&file).map_err(|why| format!("{}: {why}", file.display()))?;
        let (mut given, mut got) = (profile(&text(&file)), profile(&back));
        // The test's own change.
        given.remove("connection.autoconnect");
        given.retain(|key, value| !DEFAULTS.contains(&(key.as_str(), value.as_str())));
        let lost: Vec<&String> = given.keys().filter(|key| !got.contains_key(*key)).collect();
        if !lost.is_empty() {
            return Err(format!("{}: nmcli drops {lost:?}", file.display()));
        }
        got.retain(|key, _| given.contains_key(key));
        let difference = difference(&lines(&given), &lines(&got));
        if !difference.is_empty() {
            return Err(format!(
                "{}: - given, + understood\n{difference}",
                file.display()
            ));
        }
    }
    Ok(())
}

/// nmcli.sh makes the profiles that the keyfiles hold, and no other.
fn script_makes_the_same(tree: &Path) -> Result<(), String> {
    let folder = tree.join("network-manager");
    let script = folder.join("nmcli.sh");
    if !script.exists() {
        return Ok(());
    }
    let told = Room::new(NMCLI).argument(&script).run().stdout()?;
    let mut made = BTreeMap::new();
    for text in told.split("=== ").skip(1) {
        let (uuid, text) = text.split_once('\n').unwrap_or((text, ""));
        made.insert(uuid.to_owned(), profile(text));
    }
    for file in with_extension(&folder, "nmconnection") {
        let wanted = profile(&written_back(&file)?);
        let id = common::file_name(&file);
        let uuid = wanted
            .get("connection.uuid")
            .ok_or_else(|| format!("{id} has no uuid"))?;
        let got = made
            .remove(uuid)
            .ok_or_else(|| format!("nmcli.sh does not make {id}"))?;
        let difference = difference(&lines(&wanted), &lines(&got));
        if !difference.is_empty() {
            return Err(format!("{id}: - keyfile, + nmcli.sh\n{difference}"));
        }
    }
    if made.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "nmcli.sh makes more than the keyfiles: {:?}",
            made.keys()
        ))
    }
}

#[test]
fn nmcli_reads_every_keyfile_and_loses_nothing() {
    if !common::require(&["unshare", "ip", "nmcli"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| keyfiles_hold(tree));
}

#[test]
fn nmcli_commands_make_the_same_profiles() {
    if !common::require(&["unshare", "ip", "nmcli"]) {
        return;
    }
    common::for_each_tree(common::corpus(), |_, tree| script_makes_the_same(tree));
}

#[test]
fn network_manager_brings_the_bridges_up() {
    if !common::require(&["unshare", "ip", "dbus-daemon", "NetworkManager"]) {
        return;
    }
    common::for_each_tree(common::sampled(common::corpus()), |case, tree| {
        comes_up(&case.name, tree)
    });
}
