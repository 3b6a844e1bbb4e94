//! Do the real tools take what was compiled, wholly and as it was meant?
//!
//! Every network of the corpus is compiled, and each file of its tree is given to the tool it is
//! for, in a room of its own: loaded, not only checked, wherever the tool can be made to. One
//! file a tool; what the files say is the business of the golden tests.

// A test drives the program and the files around it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../common/mod.rs"]
mod common;

mod delta;
mod dnsmasq;
mod firewall;
mod firewalld;
mod guest_ports;
mod iproute2;
mod iptables_rules;
mod kernel;
mod listing;
mod network_manager;
mod networkd;
mod nft_rules;
mod systemd;
