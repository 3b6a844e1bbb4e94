//! lanwright compiles libvirt network XML into everything a host needs to run those networks.
//!
//! ```text
//! network XML ──xml──▶ Network ──lower──▶ HostState ──backend──▶ Artifacts
//!                                         Policy
//! ```

pub mod backend;
pub mod diagnostic;
pub mod firewall;
pub mod lower;
pub mod network;
pub mod source;
pub mod state;
pub mod value;
pub mod xml;
