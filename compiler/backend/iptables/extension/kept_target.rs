//! Targets that we pass on as words, with their options in the order of `iptables-save`.
//!
//! Nothing we compare or prove depends on them, so their values are only spelt as they come back.

use super::words::{hexadecimal, hmark, number, tcp_options, time, wide};
use crate::backend::iptables::option::{Extension, Opt, Spell};

static AUDIT: Extension = Extension::kept_target("AUDIT", &[Opt::value("--type")]);

static CLUSTERIP: Extension = Extension::kept_target(
    "CLUSTERIP",
    &[
        Opt::flag("--new"),
        Opt::value("--hashmode"),
        Opt::value("--clustermac"),
        Opt::value("--total-nodes"),
        Opt::value("--local-node"),
        Opt::value("--hash-init"),
    ],
);

static CONNSECMARK: Extension = Extension::kept_target(
    "CONNSECMARK",
    &[Opt::flag("--save"), Opt::flag("--restore")],
);

static DNPT: Extension = Extension::kept_target("DNPT", &PREFIXES);

static SNPT: Extension = Extension::kept_target("SNPT", &PREFIXES);

const PREFIXES: [Opt; 2] = [Opt::value("--src-pfx"), Opt::value("--dst-pfx")];

static ECN: Extension = Extension::kept_target(
    "ECN",
    &[
        Opt::flag("--ecn-tcp-remove"),
        Opt::value("--ecn-tcp-ece"),
        Opt::value("--ecn-tcp-cwr"),
        Opt::value("--ecn-ip-ect"),
    ],
);

static HMARK: Extension = Extension::kept_target(
    "HMARK",
    &[
        Opt::value("--hmark-tuple"),
        Opt::value("--hmark-src-prefix").spelt_by(number),
        Opt::value("--hmark-dst-prefix").spelt_by(number),
        Opt::value("--hmark-sport-mask").spelt_by(hexadecimal),
        Opt::value("--hmark-dport-mask").spelt_by(hexadecimal),
        Opt::value("--hmark-spi-mask").spelt_by(hexadecimal),
        Opt::value("--hmark-sport").spelt_by(hexadecimal),
        Opt::value("--hmark-dport").spelt_by(hexadecimal),
        Opt::value("--hmark-spi").spelt_by(hexadecimal),
        Opt::value("--hmark-proto-mask").spelt_by(hexadecimal),
        Opt::value("--hmark-rnd").spelt_by(wide),
        Opt::value("--hmark-mod").spelt_by(number),
        Opt::value("--hmark-offset").spelt_by(number),
    ],
)
.spelt(hmark);

static IDLETIMER: Extension = Extension::kept_target(
    "IDLETIMER",
    &[
        Opt::value("--timeout").spelt_by(number),
        Opt::value("--label"),
        Opt::flag("--alarm"),
    ],
);

static LED: Extension = Extension::kept_target(
    "LED",
    &[
        Opt::value("--led-trigger-id").spelt(Spell::Quoted),
        Opt::value("--led-delay"),
        Opt::flag("--led-always-blink"),
    ],
);

static RATEEST: Extension = Extension::kept_target(
    "RATEEST",
    &[
        Opt::value("--rateest-name"),
        Opt::value("--rateest-interval").spelt_by(time),
        Opt::value("--rateest-ewmalog").spelt_by(time),
    ],
);

static SECMARK: Extension = Extension::kept_target("SECMARK", &[Opt::value("--selctx")]);

static SYNPROXY: Extension = Extension::kept_target(
    "SYNPROXY",
    &[
        Opt::flag("--sack-perm"),
        Opt::flag("--timestamp"),
        Opt::value("--wscale").spelt_by(number),
        Opt::value("--mss").spelt_by(number),
        Opt::flag("--ecn"),
    ],
);

static TCPOPTSTRIP: Extension = Extension::kept_target(
    "TCPOPTSTRIP",
    &[Opt::value("--strip-options").spelt_by(tcp_options)],
);

static TEE: Extension =
    Extension::kept_target("TEE", &[Opt::value("--gateway"), Opt::value("--oif")]);

static ULOG: Extension = Extension::kept_target(
    "ULOG",
    &[
        Opt::value("--ulog-prefix").spelt(Spell::Quoted),
        Opt::value("--ulog-nlgroup").spelt_by(number),
        Opt::value("--ulog-cprange").spelt_by(number),
        Opt::value("--ulog-qthreshold").spelt_by(number),
    ],
);

/// Those of both families.
static BOTH: [&Extension; 11] = [
    &AUDIT,
    &CONNSECMARK,
    &HMARK,
    &IDLETIMER,
    &LED,
    &RATEEST,
    &SECMARK,
    &SYNPROXY,
    &TCPOPTSTRIP,
    &TEE,
    &ULOG,
];

/// Those of IPv4.
static IPV4: [&Extension; 2] = [&CLUSTERIP, &ECN];

/// Those of IPv6.
static IPV6: [&Extension; 2] = [&DNPT, &SNPT];

/// The target of this name.
pub(super) fn named(name: &str, ipv6: bool) -> Option<&'static Extension> {
    let of_family = match ipv6 {
        false => IPV4.as_slice(),
        true => IPV6.as_slice(),
    };
    let mut all = BOTH.iter().chain(of_family);
    all.find(|each| each.name == name).copied()
}
