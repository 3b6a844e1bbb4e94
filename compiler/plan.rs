//! What is to be done so that a host holds what is wanted, as values that `host` carries out.
//!
//! Nothing here touches the machine: what it holds was read before, and comes as values too.

pub mod firewall;
