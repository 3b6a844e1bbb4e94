//! A dump of a gigabyte, and how much memory reading it takes. A hundredth of it without
//! `LANWRIGHT_FULL=1`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use lanwright::capture;
use lanwright::host::texts::texts;

/// Set to the dump's path in the process that reads it.
const DUMP: &str = "LANWRIGHT_TEST_DUMP";

/// The rules of one network, again and again.
const RULES: &str = "\
-A LIBVIRT_INP -i virbr0 -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable
-A LIBVIRT_FWO -s 192.168.122.0/24 -i virbr0 -m comment --comment \"out of the network\" -j ACCEPT
";

/// How many times the size of the dump its reading may take, the dump itself included: a rule is
/// 128 bytes, and each of its matches 32.
const MOST_TIMES: u64 = 4;

/// What the process takes without the dump.
const BASE: u64 = 32 << 20;

#[test]
fn a_gigabyte_is_read_whole_in_bounded_memory() {
    if let Some(path) = std::env::var_os(DUMP) {
        return read(Path::new(&path));
    }
    let is_full = std::env::var_os("LANWRIGHT_FULL").is_some_and(|value| value == "1");
    let size = if is_full { 1_000_000_000 } else { 10_000_000 };
    let place = crate::scratch();
    let path = place.path().join("iptables.rules");
    let rules = write(&path, size).expect("the dump can be written");
    let reading = Command::new(std::env::current_exe().expect("the test is a program"))
        .args(["a_gigabyte_is_read_whole_in_bounded_memory", "--nocapture"])
        .env(DUMP, &path)
        .output()
        .expect("the test runs");
    let said = String::from_utf8_lossy(&reading.stdout);
    let number = |name: &str| -> u64 {
        let value = said.lines().find_map(|line| line.strip_prefix(name));
        let value = value.and_then(|value| value.trim().parse().ok());
        value.unwrap_or_else(|| panic!("nothing of '{name}': {said}"))
    };
    assert_eq!(number("rules:"), rules);
    let (peak, size) = (number("peak:"), fs::metadata(&path).unwrap().len());
    eprintln!("{size} bytes are read in {peak} bytes of memory");
    assert!(peak <= MOST_TIMES * size + BASE, "{peak} bytes for {size}");
}

/// Writes a dump of about so many bytes; the number of its rules.
fn write(path: &Path, size: usize) -> std::io::Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"*filter\n:LIBVIRT_INP - [0:0]\n:LIBVIRT_FWI - [0:0]\n:LIBVIRT_FWO - [0:0]\n")?;
    let times = size / RULES.len();
    for _ in 0..times {
        file.write_all(RULES.as_bytes())?;
    }
    file.write_all(b"COMMIT\n")?;
    file.flush()?;
    Ok((times * RULES.lines().count()) as u64)
}

/// Reads the dump as every command does, and says how many rules there are and what it took.
fn read(path: &Path) {
    let capture = capture::read(texts(path).expect("the dump can be read"));
    assert_eq!(capture.gaps.first(), None);
    let tables = capture.rulesets.iter().flat_map(|it| &it.ruleset.tables);
    let chains = tables.flat_map(|table| &table.chains);
    let rules: usize = chains.map(|chain| chain.rules.len()).sum();
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok());
    println!("\nrules: {rules}");
    println!("peak: {}", kibibytes.expect("a size") * 1024);
}
