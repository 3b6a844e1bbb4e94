//! How long it takes to read a dump of iptables: 100,000 rules as libvirt makes them, and 100,000
//! of many kinds, as a host has them where several programs share it.
//!
//! `cargo bench --bench parse`; against the real tool, and for 1,000,000 rules, `benches/restore`,
//! which calls this program with `--dump FILE` to have the text, and with `--once FILE` to read one
//! and say how long that took.

// A bench drives the program and the files around it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use lanwright::backend::iptables::parse;
use lanwright::firewall::{Family, Ruleset};
use mimalloc::MiMalloc;

/// That of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The rules that libvirt makes for one NAT network.
const OF_A_NETWORK: usize = 19;

/// A dump with about so many rules: those of NAT networks, each with its /24 and bridge.
fn libvirt(rules: usize) -> String {
    let networks = rules / OF_A_NETWORK;
    let mut filter = [const { String::new() }; 5];
    let (mut nat, mut mangle) = (String::new(), String::new());
    // Writing into a String cannot fail.
    for number in 0..networks {
        let net = format!("10.{}.{}.0/24", number / 256 % 256, number % 256);
        let [input, cross, incoming, outgoing, output] = &mut filter;
        let bridge = format!("virbr{number}");
        for port in [53, 67] {
            for protocol in ["udp", "tcp"] {
                let _ = writeln!(
                    input,
                    "-A LIBVIRT_INP -i {bridge} -p {protocol} -m {protocol} --dport {port} \
                     -j ACCEPT"
                );
                let _ = writeln!(
                    output,
                    "-A LIBVIRT_OUT -o {bridge} -p {protocol} -m {protocol} --dport {} -j ACCEPT",
                    if port == 67 { 68 } else { port }
                );
            }
        }
        let _ = writeln!(cross, "-A LIBVIRT_FWX -i {bridge} -o {bridge} -j ACCEPT");
        let _ = writeln!(
            incoming,
            "-A LIBVIRT_FWI -d {net} -o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED \
             -j ACCEPT\n\
             -A LIBVIRT_FWI -o {bridge} -j REJECT --reject-with icmp-port-unreachable"
        );
        let _ = writeln!(
            outgoing,
            "-A LIBVIRT_FWO -s {net} -i {bridge} -j ACCEPT\n\
             -A LIBVIRT_FWO -i {bridge} -j REJECT --reject-with icmp-port-unreachable"
        );
        let _ = writeln!(
            nat,
            "-A LIBVIRT_PRT -s {net} -d 224.0.0.0/24 -j RETURN\n\
             -A LIBVIRT_PRT -s {net} -d 255.255.255.255/32 -j RETURN\n\
             -A LIBVIRT_PRT -s {net} ! -d {net} -p tcp -j MASQUERADE --to-ports 1024-65535\n\
             -A LIBVIRT_PRT -s {net} ! -d {net} -p udp -j MASQUERADE --to-ports 1024-65535\n\
             -A LIBVIRT_PRT -s {net} ! -d {net} -j MASQUERADE"
        );
        let _ = writeln!(
            mangle,
            "-A LIBVIRT_PRT -o {bridge} -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill"
        );
    }
    let filter = filter.concat();
    format!(
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
         :LIBVIRT_FWI - [0:0]\n:LIBVIRT_FWO - [0:0]\n:LIBVIRT_FWX - [0:0]\n\
         :LIBVIRT_INP - [0:0]\n:LIBVIRT_OUT - [0:0]\n\
         -A INPUT -j LIBVIRT_INP\n-A FORWARD -j LIBVIRT_FWX\n-A FORWARD -j LIBVIRT_FWI\n\
         -A FORWARD -j LIBVIRT_FWO\n-A OUTPUT -j LIBVIRT_OUT\n{filter}COMMIT\n\
         *nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\
         :POSTROUTING ACCEPT [0:0]\n:LIBVIRT_PRT - [0:0]\n\
         -A POSTROUTING -j LIBVIRT_PRT\n{nat}COMMIT\n\
         *mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n\
         :OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:LIBVIRT_PRT - [0:0]\n\
         -A POSTROUTING -j LIBVIRT_PRT\n{mangle}COMMIT\n"
    )
}

/// A dump with about so many rules of many kinds.
fn mixed(rules: usize) -> String {
    const KINDS: [&str; 10] = [
        "-s 192.0.2.0/24 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT",
        "-p tcp -m multiport --dports 80,443,8000:8010 -m comment --comment \"the web\" -j ACCEPT",
        "-m set --match-set hosts src -m limit --limit 5/sec --limit-burst 10 -j LOG \
         --log-prefix \"in: \"",
        "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.7:80",
        "-m mark --mark 0x4000/0x4000 -m comment --comment \"kubernetes service\" -j MASQUERADE",
        "-p icmp -m icmp --icmp-type 8 -j ACCEPT",
        "-m addrtype --dst-type LOCAL -j own",
        "-m statistic --mode random --probability 0.33333333349 -j own",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --clamp-mss-to-pmtu",
        "-m hashlimit --hashlimit-above 10/min --hashlimit-burst 20 --hashlimit-mode srcip \
         --hashlimit-name ssh -j DROP",
    ];
    let mut text = "*filter\n:FORWARD ACCEPT [0:0]\n:own - [0:0]\n".to_owned();
    for number in 0..rules {
        let _ = writeln!(
            text,
            "[{number}:{}] -A FORWARD {}",
            number * 84,
            KINDS[number % KINDS.len()]
        );
    }
    text + "COMMIT\n"
}

fn count(ruleset: &Ruleset) -> usize {
    let chains = ruleset.tables.iter().flat_map(|table| &table.chains);
    chains.map(|chain| chain.rules.len()).sum()
}

/// Reads a file once, and says how many rules it holds and how many milliseconds that took.
fn once(file: &str) {
    let text = std::fs::read_to_string(file).expect("the file can be read");
    let start = Instant::now();
    let read = parse(&text, Family::Ipv4);
    let time = start.elapsed();
    assert!(read.unread.is_empty(), "{:?}", read.unread.first());
    println!("{} {:.3}", count(&read.value), time.as_secs_f64() * 1e3);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [_, "--dump", rules] => print!("{}", libvirt(rules.parse().expect("a number of rules"))),
        [_, "--once", file] => once(file),
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            let mut group = criterion.benchmark_group("parse");
            for (name, text) in [("libvirt", libvirt(100_000)), ("mixed", mixed(100_000))] {
                assert!(parse(&text, Family::Ipv4).unread.is_empty());
                group.throughput(Throughput::Bytes(text.len() as u64));
                group.bench_function(name, |bencher| {
                    bencher.iter_with_large_drop(|| parse(black_box(&text), Family::Ipv4));
                });
            }
            group.finish();
            criterion.final_summary();
        }
    }
}
