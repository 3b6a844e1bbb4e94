//! Reading device names, and saying which tool would trip over one.
//!
//! [`DeviceName`] refuses; this file gives the refusal the code that fits what the device is for.

use super::element::Attribute;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::source::Span;
use crate::value::{DeviceName, DeviceNameError};

/// What a device is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The bridge of a network.
    Bridge,
    /// A physical device that packets leave through or guests are put on.
    Forward,
}

/// The device that an attribute names.
pub fn read(attribute: &Attribute, role: Role, sink: &mut Sink) -> Option<DeviceName> {
    parse(&attribute.value, attribute.span, role, sink)
}

/// The device called `text`, which is written at `span`.
pub fn parse(text: &str, span: Span, role: Role, sink: &mut Sink) -> Option<DeviceName> {
    let error = match text.parse::<DeviceName>() {
        Ok(_) if text == "lo" && role == Role::Bridge => DeviceNameError::Kernel,
        Ok(name) => return Some(name),
        Err(error) => error,
    };
    let what = match role {
        Role::Bridge => "bridge",
        Role::Forward => "device",
    };
    let message = format!("the {what} name '{text}' cannot be used: {error}");
    let problem = Diagnostic::new(code(error, text, role), span, message);
    sink.report(match error {
        DeviceNameError::TooLong => problem
            .label(format!("{} bytes", text.len()))
            .help("choose a name of at most 15 bytes"),
        DeviceNameError::Empty | DeviceNameError::Kernel | DeviceNameError::Character(_) => {
            problem.help("choose another name, of letters, digits, '-', '_' and '.'")
        }
    });
    None
}

fn code(error: DeviceNameError, text: &str, role: Role) -> Code {
    match (error, role) {
        (DeviceNameError::TooLong, Role::Bridge) => Code::BridgeNameTooLong,
        (DeviceNameError::TooLong, Role::Forward) => Code::ForwardDevTooLong,
        (DeviceNameError::Kernel, Role::Bridge)
            if matches!(text, "." | ".." | "all" | "default" | "lo") =>
        {
            Code::BridgeNameReserved
        }
        (DeviceNameError::Empty | DeviceNameError::Kernel, Role::Bridge) => Code::BridgeNameInvalid,
        (DeviceNameError::Empty | DeviceNameError::Kernel, Role::Forward)
        | (DeviceNameError::Character(_), Role::Bridge | Role::Forward) => {
            Code::DeviceNameCharacter
        }
    }
}

/// Warns of a name that libvirt gives to nft without quotes and that is no word there.
pub fn warn_of_nft(name: &DeviceName, span: Span, sink: &mut Sink) {
    if !is_nft_word(name.as_str()) {
        let message = format!("libvirt's nftables backend cannot write the device name '{name}'");
        let problem = Diagnostic::new(Code::NftNameNeedsQuoting, span, message);
        sink.report(problem.help("choose a name that begins with a letter and is no nft keyword"));
    }
}

/// Words of the nft language that have been seen to fail as names.
const NFT_KEYWORDS: [&str; 34] = [
    "accept",
    "add",
    "chain",
    "comment",
    "counter",
    "ct",
    "delete",
    "drop",
    "ether",
    "fib",
    "flow",
    "goto",
    "icmp",
    "iif",
    "iifname",
    "inet",
    "ip",
    "ip6",
    "jump",
    "limit",
    "log",
    "map",
    "mark",
    "masquerade",
    "meta",
    "oif",
    "queue",
    "reject",
    "return",
    "rule",
    "set",
    "table",
    "tcp",
    "udp",
];

fn is_nft_word(name: &str) -> bool {
    let digits_first = name.starts_with(|c: char| c.is_ascii_digit());
    let all_digits = name.bytes().all(|b| b.is_ascii_digit());
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    name.bytes().all(plain) && (!digits_first || all_digits) && !NFT_KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[test]
    fn the_code_depends_on_the_fault_and_the_role() {
        let code = |text, role| {
            let mut sink = Sink::default();
            let span = Span::new(SourceId(0), 0..0);
            assert_eq!(parse(text, span, role, &mut sink), None);
            sink.sorted()[0].code
        };
        assert_eq!(code("lo", Role::Bridge), Code::BridgeNameReserved);
        assert_eq!(code("a b", Role::Bridge), Code::BridgeNameInvalid);
        assert_eq!(code("br+", Role::Bridge), Code::DeviceNameCharacter);
        let long = "abcdefghijklmnop";
        assert_eq!(code(long, Role::Bridge), Code::BridgeNameTooLong);
        assert_eq!(code(long, Role::Forward), Code::ForwardDevTooLong);
        assert_eq!(code("a/b", Role::Forward), Code::DeviceNameCharacter);
    }

    #[test]
    fn nft_words_are_plain() {
        assert!(is_nft_word("virbr0"));
        assert!(is_nft_word("br-lan.7"));
        assert!(!is_nft_word("0br"));
        assert!(!is_nft_word("drop"));
        assert!(!is_nft_word("br@x"));
    }
}
