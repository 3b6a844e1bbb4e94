//! Matches that we pass on as words, with their options in the order of `iptables-save`.
//!
//! Nothing we compare or prove depends on them, so their values are only spelt as they come back.

use super::words::{connbytes, headers, hexadecimal_masked, mobility, number, range, words_of_u32};
use super::{text, words};
use crate::backend::iptables::option::{Extension, Opt, Spell};

static BPF: Extension = Extension::kept_match(
    "bpf",
    &[
        Opt::value("--bytecode").spelt(Spell::AlwaysQuoted),
        Opt::value("--object-pinned"),
    ],
);

static CGROUP: Extension = Extension::kept_match(
    "cgroup",
    &[
        Opt::value("--path").spelt(Spell::Quoted),
        Opt::value("--cgroup"),
    ],
);

static CLUSTER: Extension = Extension::kept_match(
    "cluster",
    &[
        Opt::value("--cluster-local-nodemask"),
        Opt::value("--cluster-local-node"),
        Opt::value("--cluster-total-nodes"),
        Opt::value("--cluster-hash-seed"),
    ],
)
.spelt(words::cluster);

static CONNBYTES: Extension = Extension::kept_match(
    "connbytes",
    &[
        Opt::value("--connbytes").spelt_by(connbytes),
        Opt::value("--connbytes-mode"),
        Opt::value("--connbytes-dir"),
    ],
);

static CONNLABEL: Extension = Extension::kept_match(
    "connlabel",
    &[
        Opt::value("--label").spelt(Spell::AlwaysQuoted),
        Opt::flag("--set"),
    ],
);

static CPU: Extension = Extension::kept_match("cpu", &[Opt::value("--cpu").spelt_by(number)]);

static DEVGROUP: Extension = Extension::kept_match(
    "devgroup",
    &[
        Opt::value("--src-group").spelt_by(hexadecimal_masked),
        Opt::value("--dst-group").spelt_by(hexadecimal_masked),
    ],
);

static ECN: Extension = Extension::kept_match(
    "ecn",
    &[
        Opt::flag("--ecn-tcp-ece"),
        Opt::flag("--ecn-tcp-cwr"),
        Opt::value("--ecn-ip-ect").spelt_by(number),
    ],
);

static IPCOMP: Extension = Extension::kept_match(
    "ipcomp",
    &[
        Opt::value("--ipcompspi").spelt_by(range),
        Opt::flag("--compres"),
    ],
);

static IPVS: Extension = Extension::kept_match(
    "ipvs",
    &[
        Opt::flag("--ipvs"),
        Opt::value("--vproto"),
        Opt::value("--vaddr"),
        Opt::value("--vport"),
        Opt::value("--vdir"),
        Opt::value("--vmethod"),
        Opt::value("--vportctl"),
    ],
);

static NFACCT: Extension = Extension::kept_match("nfacct", &[Opt::value("--nfacct-name")]);

static OSF: Extension = Extension::kept_match(
    "osf",
    &[
        Opt::value("--genre"),
        Opt::value("--ttl"),
        Opt::value("--log"),
    ],
);

static QUOTA: Extension = Extension::kept_match("quota", &[Opt::value("--quota").spelt_by(number)]);

static RATEEST: Extension = Extension::kept_match(
    "rateest",
    &[
        Opt::flag("--rateest-delta"),
        Opt::value("--rateest1"),
        Opt::value("--rateest"),
        Opt::value("--rateest-bps1"),
        Opt::value("--rateest-pps1"),
        Opt::flag("--rateest-lt"),
        Opt::flag("--rateest-gt"),
        Opt::flag("--rateest-eq"),
        Opt::value("--rateest-bps").optional(),
        Opt::value("--rateest-pps").optional(),
        Opt::value("--rateest2"),
        Opt::value("--rateest-bps2"),
        Opt::value("--rateest-pps2"),
    ],
);

static REALM: Extension = Extension::kept_match(
    "realm",
    &[Opt::value("--realm").spelt_by(hexadecimal_masked)],
);

static SOCKET: Extension = Extension::kept_match(
    "socket",
    &[
        Opt::flag("--transparent"),
        Opt::flag("--nowildcard"),
        Opt::flag("--restore-skmark"),
    ],
);

static STRING: Extension = Extension::kept_match(
    "string",
    &[
        Opt::value("--string"),
        Opt::value("--hex-string"),
        Opt::value("--algo"),
        Opt::value("--from"),
        Opt::value("--to"),
        Opt::flag("--icase"),
    ],
)
.spelt(text::string);

static TCPMSS: Extension = Extension::kept_match("tcpmss", &[Opt::value("--mss").spelt_by(range)]);

static U32: Extension = Extension::kept_match("u32", &[Opt::value("--u32").spelt_by(words_of_u32)]);

static DST: Extension = Extension::kept_match(
    "dst",
    &[
        Opt::value("--dst-len").spelt_by(number),
        Opt::value("--dst-opts"),
    ],
);

static HBH: Extension = Extension::kept_match(
    "hbh",
    &[
        Opt::value("--hbh-len").spelt_by(number),
        Opt::value("--hbh-opts"),
    ],
);

static EUI64: Extension = Extension::kept_match("eui64", &[]);

static FRAG: Extension = Extension::kept_match(
    "frag",
    &[
        Opt::value("--fragid").spelt_by(range),
        Opt::value("--fraglen").spelt_by(number),
        Opt::flag("--fragres"),
        Opt::flag("--fragfirst"),
        Opt::flag("--fragmore"),
        Opt::flag("--fraglast"),
    ],
);

static IPV6HEADER: Extension = Extension::kept_match(
    "ipv6header",
    &[
        Opt::value("--header").spelt_by(headers),
        Opt::flag("--soft"),
    ],
);

static MH: Extension = Extension::kept_match("mh", &[Opt::value("--mh-type").spelt_by(mobility)]);

static RT: Extension = Extension::kept_match(
    "rt",
    &[
        Opt::value("--rt-type").spelt_by(number),
        Opt::value("--rt-segsleft").spelt_by(range),
        Opt::value("--rt-len").spelt_by(number),
        Opt::flag("--rt-0-res"),
        Opt::value("--rt-0-addrs"),
        Opt::flag("--rt-0-not-strict"),
    ],
);

static SRH: Extension = Extension::kept_match(
    "srh",
    &[
        Opt::value("--srh-next-hdr").spelt_by(number),
        Opt::value("--srh-hdr-len-eq").spelt_by(number),
        Opt::value("--srh-hdr-len-gt").spelt_by(number),
        Opt::value("--srh-hdr-len-lt").spelt_by(number),
        Opt::value("--srh-segs-left-eq").spelt_by(number),
        Opt::value("--srh-segs-left-gt").spelt_by(number),
        Opt::value("--srh-segs-left-lt").spelt_by(number),
        Opt::value("--srh-last-entry-eq").spelt_by(number),
        Opt::value("--srh-last-entry-gt").spelt_by(number),
        Opt::value("--srh-last-entry-lt").spelt_by(number),
        Opt::value("--srh-tag").spelt_by(number),
        Opt::value("--srh-psid"),
        Opt::value("--srh-nsid"),
        Opt::value("--srh-lsid"),
    ],
);

/// Those of both families.
static BOTH: [&Extension; 18] = [
    &BPF, &CGROUP, &CLUSTER, &CONNBYTES, &CONNLABEL, &CPU, &DEVGROUP, &ECN, &IPCOMP, &IPVS,
    &NFACCT, &OSF, &QUOTA, &RATEEST, &SOCKET, &STRING, &TCPMSS, &U32,
];

/// Those of IPv4.
static IPV4: [&Extension; 1] = [&REALM];

/// Those of IPv6.
static IPV6: [&Extension; 8] = [&DST, &EUI64, &FRAG, &HBH, &IPV6HEADER, &MH, &RT, &SRH];

/// The match of this name.
pub(super) fn named(name: &str, ipv6: bool) -> Option<&'static Extension> {
    let of_family = match ipv6 {
        false => IPV4.as_slice(),
        true => IPV6.as_slice(),
    };
    let name = match name {
        "ipv6-mh" | "mobility-header" => "mh",
        other => other,
    };
    let mut all = BOTH.iter().chain(of_family);
    all.find(|each| each.name == name).copied()
}
