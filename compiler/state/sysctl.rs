//! Kernel settings.

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// A kernel setting, its key in parts so that a dot in a device name stays one part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Sysctl {
    /// The parts of the key: `net`, `ipv6`, `conf`, `virbr0`, `accept_ra`.
    pub key: Vec<String>,
    /// The value.
    pub value: String,
    /// The link it is a setting of; none for a global one.
    pub link: Option<DeviceName>,
}

impl Sysctl {
    /// A global setting.
    pub fn global(key: [&str; 3], value: &str) -> Self {
        let key = key.iter().map(ToString::to_string).collect();
        Sysctl {
            key,
            value: value.to_owned(),
            link: None,
        }
    }

    /// A setting for all links: `net.ipv6.conf.all.forwarding`.
    pub fn all(family: &str, name: &str, value: &str) -> Self {
        let key = ["net", family, "conf", "all", name]
            .map(str::to_owned)
            .to_vec();
        Sysctl {
            key,
            value: value.to_owned(),
            link: None,
        }
    }

    /// A setting of one link: `net.ipv6.conf.LINK.NAME`.
    pub fn of_link(link: &DeviceName, family: &str, name: &str, value: &str) -> Self {
        let key = ["net", family, "conf", link.as_str(), name]
            .map(str::to_owned)
            .to_vec();
        Sysctl {
            key,
            value: value.to_owned(),
            link: Some(link.clone()),
        }
    }
}
