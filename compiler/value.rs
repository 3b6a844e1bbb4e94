//! Small checked values that every room uses: names of networks and devices, MACs, ports, text.
//!
//! Each is made by `FromStr`, which refuses what would be a second meaning somewhere it lands:
//! a wildcard, an option, a path, another line. How a place spells them is that place's own
//! business (`backend`), with the encodings in [`encode`].

pub mod device;
pub mod encode;
pub mod lease;
pub mod mac;
pub mod name;
pub mod port;
pub mod text;

pub use device::{DeviceName, DeviceNameError};
pub use lease::{LeaseTime, LeaseUnit};
pub use mac::{Mac, MacError};
pub use name::{NetworkName, NetworkNameError};
pub use port::PortRange;
pub use text::{Field, FieldError, Line, LineError, Reading};
