//! lanwright compiles libvirt network XML into everything a host needs to run those networks, and
//! reads a host back into the same model.
//!
//! ```text
//! network XML ──xml──▶ Network ──lower──▶ HostState ──backend──▶ Artifacts
//!                         ▲               Policy                     │
//!                         └── recover ── Capture ◀──── capture ──────┘ texts of a host
//!                                           │
//!                                expected × observed ──audit──▶ Report
//! ```
//!
//! The tour, in the order in which `compile` walks it:
//!
//! 1. [`host::input`] reads what was named into [`source::Sources`].
//! 2. [`xml::read`] makes of each text a [`network::Declared`]: a [`network::Network`], valid by
//!    construction, and where its parts were written. What is wrong goes into a
//!    [`diagnostic::Sink`], under a [`diagnostic::Code`].
//! 3. [`network::assemble`] looks at all of them together and makes a [`network::NetworkSet`]:
//!    bridge names chosen, MACs and UUIDs derived.
//! 4. [`lower::lower()`] turns the set into a [`state::HostState`], what the host is to hold, and
//!    a [`firewall::Policy`], what its firewall is to do; [`lower::encode`] makes one of three
//!    [`firewall::Ruleset`]s of the policy.
//! 5. Each of [`backend::BACKENDS`] prints that for one tool, as [`backend::Artifact`]s.
//! 6. [`host::tree`] puts them in their place, whole or not at all.
//!
//! The way back begins with texts, which [`host::texts`] reads from a folder or from this machine:
//!
//! 1. [`capture::read()`] recognises each text and makes of all of them a [`capture::Capture`]: the
//!    rulesets, the devices, addresses and services that a host has, and what was not looked at.
//! 2. [`recover`] makes of a capture the networks that explain it, each fact with the line that
//!    proves it.
//! 3. [`audit`] lays beside a capture what lowering says the host is to hold, and makes a
//!    [`audit::report::Report`] of where they differ and whose the other rules are.
//! 4. [`doctor`] follows a guest's packet through a capture, and names the first broken link.
//! 5. [`proof`] finds out whether two rulesets treat every packet alike, and shows one if not.
//!
//! `apply` walks both ways: [`host::observe`] tells what the host holds, [`plan::plan()`] makes of
//! it and of what is wanted the steps between, and [`host::apply`] executes them, safely.
//!
//! Small checked values that every room uses are in [`value`]. Everything but [`host`] is a pure
//! function from values to values, and only [`cli`] talks to people.

pub mod audit;
pub mod backend;
pub mod capture;
pub mod cli;
pub mod diagnostic;
pub mod doctor;
pub mod firewall;
pub mod host;
pub mod lower;
pub mod network;
pub mod plan;
pub mod proof;
pub mod recover;
pub mod source;
pub mod state;
pub mod value;
pub mod xml;
