//! Steps as data: what each changes, for people, and what is done, for `host`.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::DeviceName;

/// What a change is to those who use the network meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// Nobody notices.
    InPlace,
    /// A program reads its files again.
    Reload,
    /// A program is started anew: DHCP and DNS are away for a moment.
    Restart,
    /// Packets may be lost.
    Disruptive,
}

impl Impact {
    /// Its word in JSON and in text.
    pub fn word(self) -> &'static str {
        match self {
            Impact::InPlace => "in-place",
            Impact::Reload => "reload",
            Impact::Restart => "restart",
            Impact::Disruptive => "disruptive",
        }
    }
}

/// What kind of thing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A bridge, or a port of one.
    Link,
    /// An address of a link.
    Address,
    /// A route.
    Route,
    /// A kernel setting.
    Sysctl,
    /// Rules.
    Firewall,
    /// A zone of firewalld.
    Zone,
    /// A dnsmasq.
    Service,
    /// A rate limit, or a checksum filter.
    Shaping,
    /// A domain that the host's resolver is told of.
    Resolver,
    /// A file.
    File,
}

impl Kind {
    /// Its word in JSON and in text.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Link => "link",
            Kind::Address => "address",
            Kind::Route => "route",
            Kind::Sysctl => "sysctl",
            Kind::Firewall => "firewall",
            Kind::Zone => "zone",
            Kind::Service => "service",
            Kind::Shaping => "shaping",
            Kind::Resolver => "resolver",
            Kind::File => "file",
        }
    }
}

/// One thing that becomes different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// What kind of thing.
    pub kind: Kind,
    /// Which: a device, a chain, a path, a network.
    pub object: String,
    /// What happens to it.
    pub action: String,
    /// Who notices.
    pub impact: Impact,
}

impl Change {
    /// A change that nobody notices.
    pub fn new(kind: Kind, object: impl Into<String>, action: impl Into<String>) -> Self {
        Change {
            kind,
            object: object.into(),
            action: action.into(),
            impact: Impact::InPlace,
        }
    }

    /// The same change with this impact.
    pub fn with(self, impact: Impact) -> Self {
        Change { impact, ..self }
    }
}

/// A tool to run, without a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The tool.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it reads from standard input.
    pub input: Option<String>,
}

impl Command {
    /// A tool with arguments and no input.
    pub fn new(program: &str, arguments: &[&str]) -> Self {
        Command {
            program: program.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            input: None,
        }
    }

    /// A tool that reads this.
    pub fn reading(program: &str, arguments: &[&str], input: String) -> Self {
        Command {
            input: Some(input),
            ..Command::new(program, arguments)
        }
    }
}

/// A daemon that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Its number.
    pub pid: u32,
    /// What the program is called.
    pub program: String,
    /// The unit of systemd that it is, if it is one.
    pub unit: Option<String>,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where, absolute.
    pub path: String,
    /// What it is to hold.
    pub text: String,
    /// What it holds now, if it is there.
    pub before: Option<String>,
    /// Its permission bits.
    pub mode: u32,
}

/// A list of leases that changes hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    /// libvirt's list.
    pub status: String,
    /// dnsmasq's own file.
    pub leases: String,
    /// Which of them is written.
    pub direction: Direction,
}

/// Which way leases go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From libvirt's list into dnsmasq's file.
    FromLibvirt,
    /// From dnsmasq's file into libvirt's list.
    ToLibvirt,
}

/// A dnsmasq that runs without a service manager, by the files that it was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Where it wrote its number.
    pub pid_file: String,
    /// The configuration that it was started with: a process without it is another.
    pub conf: String,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Tools are run, one after the other.
    Run(Vec<Command>),
    /// Folders are made.
    Folder(Vec<String>),
    /// Files are written, each whole or not at all; folders are made.
    Write(Vec<File>),
    /// Files go.
    Remove(Vec<String>),
    /// Kernel settings are set: the parts of the key, and the value.
    Set(Vec<(Vec<String>, String)>),
    /// Processes read their files again.
    Reload(Vec<Process>),
    /// Processes end; their number files go.
    Stop(Vec<Process>),
    /// Leases change hands; a list that is not there is an empty one.
    Carry(Vec<Carriage>),
    /// Files get another name, from and to; one that is not there is left.
    Rename(Vec<(String, String)>),
    /// Symbolic links are made: where, and what they say.
    Link(Vec<(String, String)>),
    /// A daemon ends; nothing if it does not run any more.
    End(Daemon),
    /// Wait until this neighbour answers; it is the way to everything else.
    Reach(IpAddr),
    /// Wait until these devices are there and up, as a network manager makes them.
    Await(Vec<DeviceName>),
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it changes; none for the second half of a change that another step tells of.
    pub changes: Vec<Change>,
    /// What is done.
    pub deed: Deed,
    /// Whether the rest goes on if it fails.
    pub optional: bool,
}

impl Step {
    /// A step that has to succeed.
    pub fn new(changes: Vec<Change>, deed: Deed) -> Self {
        Step {
            changes,
            deed,
            optional: false,
        }
    }

    /// A step without which the rest goes on.
    pub fn optional(changes: Vec<Change>, deed: Deed) -> Self {
        Step {
            optional: true,
            ..Step::new(changes, deed)
        }
    }
}
