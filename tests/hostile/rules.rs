//! Texts that a hostile host could hold, given to every reader of rules and services.
//!
//! Each must come to its end with a result: no panic, no stack that overflows, no line walked
//! over once more for each of its words. Full size with `LANWRIGHT_FULL=1`; a twentieth of it
//! otherwise, at which anything worse than linear is still out of the question.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use lanwright::backend::dnsmasq;
use lanwright::backend::iptables::{parse, read_listing};
use lanwright::backend::nftables;
use lanwright::capture::{self, Text};
use lanwright::firewall::{Family, Ruleset, Target};
use lanwright::recover;

/// Something that reads a text from a host: its name, and itself.
type Reader = (&'static str, fn(&str));

/// Names that tell a capture what an unclear text is.
const NAMES: [&str; 10] = [
    "dnsmasq/a.conf",
    "iptables-save.txt",
    "nft.txt",
    "nft.json",
    "link.json",
    "addr.json",
    "route.json",
    "bridge.json",
    "tc.json",
    "dnsmasq/a.status",
];

/// Every reader of the way back.
const READERS: [Reader; 6] = [
    ("capture", |text| {
        // The content of a long text is clear; what its name would make of it is tried on others.
        let names = if text.len() > 100_000 { 1 } else { NAMES.len() };
        for name in NAMES.into_iter().take(names) {
            capture::read(vec![Text {
                name: name.to_owned(),
                bytes: text.into(),
            }]);
        }
    }),
    ("iptables-save", |text| {
        parse(text, Family::Ipv4);
        parse(text, Family::Ipv6);
    }),
    ("iptables -L", |text| {
        read_listing(text, Family::Ipv6);
    }),
    ("nft", |text| {
        nftables::parse(text);
    }),
    ("nft -j", |text| {
        nftables::parse_json(text);
    }),
    ("dnsmasq", |text| {
        dnsmasq::references(text);
        dnsmasq::parse(&dnsmasq::Files {
            stem: text,
            conf: text,
            hosts: text,
            names: text,
        });
        dnsmasq::parse(&dnsmasq::Files {
            stem: "a",
            conf: &format!("interface=virbr0\n{text}"),
            hosts: text,
            names: text,
        });
    }),
];

/// So many of what a full run has `full` of.
fn many(full: usize) -> usize {
    match std::env::var_os("LANWRIGHT_FULL").is_some_and(|value| value == "1") {
        true => full,
        false => full / 20,
    }
}

/// `piece` again and again, to a length of `full` bytes in a full run.
fn long(piece: &str, full: usize) -> String {
    piece.repeat(many(full) / piece.len())
}

const LISTING: &str = "Chain X (1 references)\ntarget prot opt source destination\n";
const MEGABYTES: usize = 10_000_000;

/// Beginnings that lead a reader to where the interesting part is.
const HEADS: [&str; 10] = [
    "",
    "*filter\n:X - [0:0]\n-A X ",
    "*filter\n:X - [0:0]\n-A X -m comment --comment \"",
    "LOG all -- ::/0 ::/0 ",
    "table inet x { chain y { ",
    "table ip x { set y { type ipv4_addr; elements = { ",
    "{\"nftables\": [",
    "[{\"ifname\":\"a\",\"addr_info\":[],\"x\":",
    "dhcp-host=",
    "dhcp-range=",
];

#[test]
fn one_long_line_is_read() {
    let pieces = [
        "a",
        " ",
        "\0",
        "\"",
        "\\",
        "{",
        "[",
        "(",
        "!",
        "!\t",
        "-",
        "-m ",
        "-m tcp ",
        "--x y ",
        "1",
        "0x",
        ",",
        ":",
        "/",
        "a,",
        "1-2,",
        "{ ",
        "[{\"a\":",
        "\u{e9}",
        "\u{1f600} ",
        "\u{2028}",
        ";",
        "#",
        "\"a\" ",
        "'",
        "%",
        "*",
        "jump a ",
        "ip saddr ",
        "@a ",
        "\r",
        "\u{feff}",
        "= ",
    ];
    for head in HEADS {
        for piece in pieces {
            // Every head with every piece, and the whole length once.
            let full = if head.is_empty() {
                MEGABYTES
            } else {
                MEGABYTES / 50
            };
            let text = format!("{head}{}", long(piece, full));
            let listing = format!("{LISTING}{text}");
            for (_, read) in READERS {
                read(&text);
            }
            read_listing(&listing, Family::Ipv4);
        }
    }
}

#[test]
fn many_short_lines_are_read() {
    let lines = [
        "\n",
        "a\n",
        "}\n",
        "{\n",
        "*filter\n",
        "COMMIT\n",
        ":X - [0:0]\n",
        "-A X -j X\n",
        "*a\n:X -\n",
        "-N X\n",
        "-P INPUT DROP\n",
        "[1:2] -A X\n",
        "table ip a {\n",
        "table ip a { }\n",
        "chain a {\n",
        "add table ip a\n",
        "flush ruleset\n",
        "define a = $a\n",
        "Chain X (1 references)\n",
        "\"\n",
        "DROP all -- ::/0 ::/0\n",
        "DROP all\n",
        "# Warning: a\n",
        "dhcp-host=a\n",
        "interface=a\n",
        "iptables -t nat -L\n",
        "include \"a\"\n",
        "dhcp-host=52:54:00:00:00:01,192.0.2.9,a\n",
        "dhcp-range=192.0.2.2,192.0.2.9,255.255.255.0\n",
        "txt-record=a,b\n",
        "srv-host=_a._b.c,d,1,2,3\n",
        "192.0.2.1 a b\n",
        "server=/a/192.0.2.1\n",
        "local=/a/\n",
        "net.ipv4.conf.a.forwarding = 1\n",
        "{\"ifname\":\"a\",\"addr_info\":[]}\n",
        "delete chain ip a b\n",
        "add rule ip a b accept\n",
    ];
    for line in lines {
        let text = long(line, MEGABYTES / 20);
        for (_, read) in READERS {
            read(&text);
            read(&format!("*filter\n:X - [0:0]\n{text}"));
            read(&format!("table ip a {{\n chain b {{\n{text}"));
        }
        read_listing(&format!("{LISTING}{text}"), Family::Ipv4);
    }
}

#[test]
fn bytes_that_are_no_text_are_read() {
    let dump = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n";
    let nft = "table ip filter {\n chain input {\n iifname \"lo\" accept\n }\n}\n";
    let listing = format!("{LISTING}DROP all -- ::/0 ::/0 /* a */\n");
    let conf = "interface=virbr0\ndhcp-range=192.0.2.2,192.0.2.9,255.255.255.0\n";
    for text in [dump, nft, listing.as_str(), conf] {
        let mut bytes = text.as_bytes().to_vec();
        for at in 0..bytes.len() {
            for odd in [0, b'\r', b'"', b'{', b'}', b'\n', 0x1b, 0x80, 0xff] {
                let byte = std::mem::replace(&mut bytes[at], odd);
                let damaged = String::from_utf8_lossy(&bytes);
                for (_, read) in READERS {
                    read(&damaged);
                }
                bytes[at] = byte;
            }
            for (_, read) in READERS {
                read(&String::from_utf8_lossy(&bytes[..at]));
            }
        }
    }
}

#[test]
fn a_mark_and_other_line_ends_move_nothing() {
    let files = [
        (
            "a",
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n",
        ),
        (
            "b",
            "table ip filter {\n\tchain input {\n\t\tiifname \"lo\" accept\n\t}\n}\n",
        ),
        (
            "c",
            "Chain INPUT (policy ACCEPT)\ntarget prot opt source destination\n",
        ),
        (
            "d",
            "[{\"ifname\":\"a\",\"addr_info\":[{\"local\":\"::1\",\"prefixlen\":9}]}]\n",
        ),
        ("e.conf", "interface=a\ndhcp-range=192.0.2.1,static\n"),
        ("f", "net.ipv4.ip_forward = 1\n"),
    ];
    let capture = |change: &dyn Fn(&str) -> String| {
        let text = |(name, text): &(&str, &str)| Text {
            name: (*name).to_owned(),
            bytes: change(text).into(),
        };
        let mut read = capture::read(files.iter().map(text).collect());
        // It holds the very text of each.
        read.services.clear();
        read
    };
    let plain = capture(&str::to_owned);
    assert!(plain.files.iter().all(|file| file.role.is_some()));
    assert_eq!(capture(&|text| text.replace('\n', "\r\n")), plain);
    assert_eq!(capture(&|text| format!("\u{feff}{text}")), plain);
}

fn chains(ruleset: &Ruleset) -> usize {
    ruleset.tables.iter().map(|table| table.chains.len()).sum()
}

#[test]
fn a_million_chains_are_read() {
    let count = many(1_000_000);
    let (mut dump, mut nft) = ("*filter\n".to_owned(), "table ip filter {\n".to_owned());
    let mut listing = String::new();
    for number in 0..count {
        let _ = writeln!(dump, ":c{number} - [0:0]");
        let _ = writeln!(nft, "chain c{number} {{ }}");
        let _ = writeln!(listing, "Chain c{number} (0 references)");
    }
    dump.push_str("COMMIT\n");
    nft.push_str("}\n");
    assert_eq!(chains(&parse(&dump, Family::Ipv4).value), count);
    assert_eq!(chains(&nftables::parse(&nft).value), count);
    assert_eq!(chains(&read_listing(&listing, Family::Ipv4).ruleset), count);
}

#[test]
fn chains_in_a_deep_line_and_in_a_circle_are_read() {
    let count = many(100_000);
    let (mut dump, mut nft) = ("*filter\n".to_owned(), "table ip filter {\n".to_owned());
    let (mut rules, mut listing) = (String::new(), String::new());
    for number in 0..count {
        // The last leads back to the first.
        let next = (number + 1) % count;
        let _ = writeln!(dump, ":c{number} - [0:0]");
        let _ = writeln!(rules, "-A c{number} -j c{next}");
        let _ = writeln!(nft, "chain c{number} {{\n jump c{next}\n}}");
        let _ = writeln!(
            listing,
            "Chain c{number} (1 references)\nc{next} all -- ::/0 ::/0"
        );
    }
    let last = |ruleset: &Ruleset| ruleset.tables[0].chains[count - 1].rules[0].target.clone();
    let first = Target::Jump("c0".into());
    assert_eq!(
        last(&parse(&format!("{dump}{rules}COMMIT\n"), Family::Ipv4).value),
        first
    );
    assert_eq!(last(&read_listing(&listing, Family::Ipv4).ruleset), first);
    assert_eq!(last(&nftables::parse(&format!("{nft}}}\n")).value), first);
}

#[test]
fn a_million_elements_are_read() {
    let count = many(1_000_000);
    let mut elements = String::new();
    for number in 0..count {
        let [_, a, b, c] = u32::try_from(number).expect("it is small").to_be_bytes();
        let _ = write!(elements, "10.{a}.{b}.{c}, ");
    }
    for (_, read) in READERS {
        read(&format!(
            "table ip a {{ set b {{ type ipv4_addr; elements = {{ {elements} }} }} }}"
        ));
        read(&format!(
            "table ip a {{ chain b {{ ip saddr {{ {elements} }} accept\n}} }}"
        ));
        read(&format!(
            "*filter\n:X - [0:0]\n-A X -p tcp -m multiport --dports {elements}\nCOMMIT\n"
        ));
        read(&format!("dhcp-host={elements}"));
    }
}

#[test]
fn huge_numbers_are_read() {
    let digits = "9".repeat(many(1_000_000));
    for text in [
        format!("*filter\n:INPUT ACCEPT [{digits}:{digits}]\n[{digits}:1] -A INPUT -p {digits}\n"),
        format!("*filter\n:X - [0:0]\n-A X -p tcp -m tcp --dport {digits}:{digits} -j ACCEPT\n"),
        format!("*filter\n:X - [0:0]\n-A X -s {digits}/{digits} -m mark --mark 0x{digits}\n"),
        format!("table ip a {{ chain b {{ type filter hook input priority {digits};\n }} }}\n"),
        format!(
            "table ip a {{ chain b {{ tcp dport {digits} counter packets {digits} accept\n }} }}"
        ),
        format!("Chain X ({digits} references)\nDROP {digits} -- 0.0.0.0/{digits} 0.0.0.0/0\n"),
        format!("interface=a\ndhcp-range=192.0.2.1,192.0.2.2,{digits}\nmtu={digits}\n"),
    ] {
        for (_, read) in READERS {
            read(&text);
        }
    }
}

/// Each is unlike all those before it, so that looking for one among them takes longer and longer.
#[test]
fn many_different_things_are_read() {
    let count = many(400_000);
    let each = |line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let open = "*filter\n:X - [0:0]\n";
    for text in [
        each(&|n| format!("*t{n}\n:INPUT DROP [0:0]\nCOMMIT\n")),
        each(&|n| format!("-P c{n} ACCEPT\n")),
        each(&|n| format!("-N c{n}\n")),
        each(&|n| format!("-A c{n} -j c{}\n", n + 1)),
        format!("{open}{}", each(&|n| format!("-A c{n} -j d{n}\n"))),
        format!("{open}{}", each(&|n| format!("-I c{n} -g d{n}\n"))),
        format!("{open}-A X {}", each(&|n| format!("-m a{n} --b{n} {n} "))),
        format!(
            "{open}{}",
            each(&|n| format!("-A X -m a{n} --b{n} {n} -j C{n}\n"))
        ),
        each(&|n| format!("table ip t{n} {{ }}\n")),
        each(&|n| format!("add table ip t{n}\nadd chain ip t{n} c{n}\n")),
        each(&|n| format!("define v{n} = {n}\n")),
        format!(
            "table ip t {{\n{}}}\n",
            each(&|n| format!("set s{n} {{ type ipv4_addr; }}\n"))
        ),
        format!(
            "table ip t {{\n{}}}\n",
            each(&|n| format!("map m{n} {{ type ifname : verdict\n }}\n"))
        ),
        format!(
            "table ip t {{\n{}}}\n",
            each(&|n| format!("counter o{n} {{ packets 0 bytes 0\n}}\n"))
        ),
        format!(
            "table ip t {{\nchain c {{\n{}}}\n}}\n",
            each(&|n| format!("jump d{n}\n"))
        ),
        each(&|n| {
            format!("Chain c{n} (1 references)\nd{n} all -- ::/0 ::/0\n\niptables -t t{n} -L\n")
        }),
        each(&|n| format!("interface=a{n}\ndhcp-option={n}\ntxt-record=a{n},b\n")),
        each(&|n| format!("net.ipv4.conf.a{n}.forwarding = 1\n")),
    ] {
        for (_, read) in READERS {
            read(&text);
        }
    }
}

#[test]
fn services_that_share_a_large_file_are_read() {
    let conf = "interface=virbr0\ndhcp-range=192.0.2.2,static\ndhcp-hostsfile=/a/hosts.hostsfile\n";
    let file = |name: String, text: &str| Text {
        name,
        bytes: text.into(),
    };
    let hosts = long("52:54:00:00:00:01,192.0.2.9,a\n", MEGABYTES);
    let mut texts = vec![file("hosts.hostsfile".to_owned(), &hosts)];
    texts.extend((0..1000).map(|number| file(format!("{number}.conf"), conf)));
    let capture = capture::read(texts);
    assert_eq!(capture.services.len(), 1000);
    let with = capture
        .services
        .iter()
        .filter(|service| service.hosts.is_some());
    assert_eq!(with.count(), 1);
}

#[test]
fn one_table_many_times_is_read() {
    let count = many(100_000);
    for text in [
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n".repeat(count),
        "table ip filter {\n chain input {\n drop\n }\n}\n".repeat(count),
        "Chain INPUT (policy DROP)\nDROP all -- ::/0 ::/0\n".repeat(count),
    ] {
        for (_, read) in READERS {
            read(&text);
        }
    }
}

#[test]
fn a_network_of_very_many_subnets_is_recovered() {
    let mut rules = String::new();
    for number in 0..many(100_000) {
        let net = Ipv4Addr::from(0x0a00_0000 + u32::try_from(number).unwrap());
        let _ = write!(
            rules,
            "-A LIBVIRT_FWO -s {net}/32 -i virbr0 -j ACCEPT\n\
             -A LIBVIRT_FWI -d {net}/32 -o virbr0 -j ACCEPT\n"
        );
    }
    let text = format!(
        "*filter\n:FORWARD ACCEPT [0:0]\n:LIBVIRT_FWI - [0:0]\n:LIBVIRT_FWO - [0:0]\n\
         -A FORWARD -j LIBVIRT_FWI\n-A FORWARD -j LIBVIRT_FWO\n{rules}COMMIT\n"
    );
    let capture = capture::read(vec![Text {
        name: "iptables-save.txt".to_owned(),
        bytes: text.into(),
    }]);
    let recovery = recover::recover(&capture);
    let subnets = recovery.networks[0].network.as_virtual();
    assert_eq!(subnets.unwrap().subnets.len(), many(100_000));
}
