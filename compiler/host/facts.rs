//! What a dnsmasq that is to be started depends on: asked only where one is.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::run;
use crate::backend::systemd::DNSMASQ_UNIT;
use crate::plan::preflight::{Facts, Listener, Program, Watchers, starting};
use crate::plan::{Observed, Wish};

/// Where units are installed for good, in the order in which systemd looks.
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The facts, if a dnsmasq is to be started; else nothing.
pub(super) fn facts(wish: &Wish<'_>, observed: &Observed) -> Facts {
    if starting(wish, observed).next().is_none() {
        return Facts::default();
    }
    Facts {
        program: Some(program()),
        listeners: listeners(),
        watchers: watchers(),
        profile: profile(),
        unit: unit(),
    }
}

/// The unit of dnsmasq that is installed for good, and its text.
pub(super) fn unit() -> Option<(String, String)> {
    let mut paths = UNITS
        .iter()
        .map(|folder| Path::new(folder).join(DNSMASQ_UNIT));
    paths.find_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        Some((path.display().to_string(), text))
    })
}

fn program() -> Program {
    if run::find("dnsmasq").is_none() {
        return Program::Missing;
    }
    let told = |option: &str| {
        let printed = run::output("dnsmasq", &[option]).unwrap_or_default();
        String::from_utf8_lossy(&printed).into_owned()
    };
    let user = default_user(&told("--help"));
    Program::There {
        version: version(&told("--version")),
        user: user.map(|user| {
            let there = is_user(&user);
            (user, there)
        }),
    }
}

/// `Dnsmasq version 2.90  Copyright …`, perhaps with `test1` or a suffix behind the number.
fn version(told: &str) -> Option<(u32, u32)> {
    let number = told.split("version ").nth(1)?.split_whitespace().next()?;
    let (major, rest) = number.split_once('.')?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major.parse().ok()?, digits.parse().ok()?))
}

/// `-u, --user=<username>  Change to this user after startup. (defaults to nobody).`
fn default_user(told: &str) -> Option<String> {
    let line = told.lines().find(|line| line.contains("--user="))?;
    let rest = line.split("defaults to ").nth(1)?;
    Some(rest.split(')').next()?.trim().to_owned())
}

/// Users may come from elsewhere than /etc/passwd: getent knows.
fn is_user(user: &str) -> bool {
    if run::find("getent").is_some() {
        return run::output("getent", &["passwd", user]).is_ok();
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    passwd
        .lines()
        .any(|line| line.split(':').next() == Some(user))
}

/// Who listens on the ports of DNS and DHCP. Nobody, where there is no ss to tell.
fn listeners() -> Vec<Listener> {
    const QUESTION: [&str; 2] = ["-Hlnptu", "( sport = :53 or sport = :67 )"];
    let printed = run::output("ss", &QUESTION).unwrap_or_default();
    let text = String::from_utf8_lossy(&printed).into_owned();
    text.lines().filter_map(listener).collect()
}

/// `udp UNCONN 0 0 0.0.0.0%virbr0:67 0.0.0.0:* users:(("dnsmasq",pid=1,fd=4))`
fn listener(line: &str) -> Option<Listener> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (place, port) = words.get(4)?.rsplit_once(':')?;
    // A link-local address carries its device behind the bracket or within it.
    let (address, device) = match place.split_once('%') {
        Some((address, device)) => (address, Some(device.trim_end_matches(']').to_owned())),
        None => (place, None),
    };
    let address = address.trim_matches(['[', ']']);
    let address: Option<IpAddr> = match address {
        "*" => None,
        address => Some(address.parse().ok()?).filter(|ip: &IpAddr| !ip.is_unspecified()),
    };
    let program = words.get(6).and_then(|users| users.split('"').nth(1));
    Some(Listener {
        address,
        device,
        port: port.parse().ok()?,
        program: program.map(str::to_owned),
    })
}

/// Programs that watch files as root: a dnsmasq begins to before it becomes another user.
fn watchers() -> Option<Watchers> {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_user_instances").ok()?;
    let processes = fs::read_dir("/proc").ok()?;
    let there = processes
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|process| counts(process))
        .map(|process| watches(&process));
    Some(Watchers {
        limit: limit.trim().parse().ok()?,
        there: there.sum(),
    })
}

fn counts(process: &Path) -> bool {
    let name = || fs::read_to_string(process.join("comm")).unwrap_or_default();
    let number = process.file_name().and_then(|name| name.to_str());
    let is_process = number.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    is_process
        && (fs::metadata(process).is_ok_and(|data| data.uid() == 0) || name().trim() == "dnsmasq")
}

fn watches(process: &Path) -> u64 {
    let entries = fs::read_dir(process.join("fd")).into_iter().flatten();
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let watching = PathBuf::from("anon_inode:inotify");
    targets.filter(|target| *target == watching).count() as u64
}

/// The profile of dnsmasq, if it is enforced, with what the administrator added to it.
fn profile() -> Option<String> {
    let loaded = fs::read_to_string("/sys/kernel/security/apparmor/profiles").ok()?;
    loaded.lines().find(|line| {
        let is_dnsmasq = line.starts_with("dnsmasq ") || line.starts_with("/usr/sbin/dnsmasq ");
        is_dnsmasq && line.ends_with("(enforce)")
    })?;
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    Some(read("/etc/apparmor.d/usr.sbin.dnsmasq") + &read("/etc/apparmor.d/local/usr.sbin.dnsmasq"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dnsmasq_tells_of_itself_is_understood() {
        let told = "Dnsmasq version 2.90  Copyright (c) 2000-2024 Simon Kelley\n";
        assert_eq!(version(told), Some((2, 90)));
        assert_eq!(version("Dnsmasq version 2.67rc1  x"), Some((2, 67)));
        assert_eq!(version("Dnsmasq version UNKNOWN"), None);
        let help = "-u, --user=<username>  Change to this user. (defaults to nobody).\n";
        assert_eq!(default_user(help).as_deref(), Some("nobody"));
    }

    #[test]
    fn a_listener_is_an_address_a_device_and_a_program() {
        let told =
            listener("udp UNCONN 0 0 0.0.0.0%virbr0:67 0.0.0.0:* users:((\"dnsmasq\",pid=1,fd=4))");
        let expected = Listener {
            address: None,
            device: Some("virbr0".to_owned()),
            port: 67,
            program: Some("dnsmasq".to_owned()),
        };
        assert_eq!(told, Some(expected));
        let told = listener("tcp LISTEN 0 32 [fe80::1]%virbr0:53 [::]:*").expect("a listener");
        assert_eq!(told.address, "fe80::1".parse().ok());
        let told = listener("tcp LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:*").expect("a listener");
        assert_eq!(told.device.as_deref(), Some("lo"));
        let told = listener("tcp LISTEN 0 10 *:53 *:*").expect("a listener");
        assert_eq!((told.address, told.device, told.port), (None, None, 53));
        assert_eq!(listener("nonsense"), None);
    }
}
