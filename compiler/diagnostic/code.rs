//! The catalogue of all diagnostic codes.
//!
//! A code names what is wrong; each has a severity, perhaps the number of the
//! rule by which libvirt refuses the same, and a page in the book. Phases raise
//! codes, the command line explains them; nothing here knows which phase does.
//!
//! An error with a rule is refused by libvirt when it defines or starts the
//! network. A warning or note with a rule fails there later, when a guest
//! attaches, or on some hosts only. Without a rule the strictness is ours.
//!
//! Rules V141 and V151 have no code: whether a PCI device is a virtual function
//! and whether a network is up cannot be known from its XML.

use std::fmt;
use std::str::FromStr;

use super::Severity;

/// Builds [`Code`] and its tables from one list.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $severity:ident, $rule:tt;)*) => {
        /// What is wrong, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The code as users see it, in kebab-case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$variant => $name,)*
                }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$variant => Severity::$severity,)*
                }
            }

            /// The rule by which libvirt refuses the same, or `None` where the strictness is ours.
            pub fn rule(self) -> Option<&'static str> {
                match self {
                    $(Code::$variant => codes!(@rule $rule),)*
                }
            }

            /// The page of the book that explains the code.
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$variant => {
                        include_str!(concat!("../../book/src/errors/", $name, ".md"))
                    })*
                }
            }
        }
    };
    (@rule -) => { None };
    (@rule $rule:literal) => { Some($rule) };
}

codes! {
    // Reading the file.
    /// The file is not well-formed XML, or is empty.
    MalformedXml, "malformed-xml", Error, "V001";
    /// The root element is not `network`.
    WrongRootElement, "wrong-root-element", Error, "V001";
    /// A reference to an entity that XML does not define.
    UndefinedEntity, "undefined-entity", Error, "V001";
    /// The file has a document type declaration.
    XmlDoctype, "xml-doctype", Error, -;
    /// Elements are nested more than 64 deep.
    XmlTooDeep, "xml-too-deep", Error, -;
    /// The file is larger than 16 MiB.
    FileTooLarge, "file-too-large", Error, -;
    /// The file is not UTF-8 text.
    NotUtf8, "not-utf-8", Error, -;
    /// An element's namespace prefix is declared nowhere.
    UndeclaredNamespacePrefix, "undeclared-namespace-prefix", Warning, -;
    /// An element that network XML does not have here.
    UnknownElement, "unknown-element", Warning, -;
    /// An attribute that this element does not have.
    UnknownAttribute, "unknown-attribute", Warning, -;
    /// Text where only elements are read.
    UnexpectedText, "unexpected-text", Warning, -;
    /// An element that may stand once is given again; the first one counts.
    RepeatedElement, "repeated-element", Warning, -;
    /// An element that has no effect in this forward mode.
    ElementIgnoredInMode, "element-ignored-in-mode", Warning, -;
    /// An attribute that has no effect in this forward mode.
    AttributeIgnoredInMode, "attribute-ignored-in-mode", Warning, -;
    /// Something that only a newer libvirt than our reference reads.
    NewerLibvirt, "newer-libvirt", Warning, -;
    /// A control character in a value that reaches a file or a command.
    ControlCharacter, "control-character", Error, -;
    /// A line break in a value that becomes part of a configuration line.
    LineBreakInValue, "line-break-in-value", Error, -;
    /// An attribute is neither `yes` nor `no`.
    YesNoValue, "yes-no-value", Error, "V007";
    /// An attribute is neither `yes` nor `no`, and is read as `no`.
    YesNoReadAsNo, "yes-no-read-as-no", Warning, -;
    /// An empty attribute, which counts as absent.
    AttributeEmpty, "attribute-empty", Warning, -;

    // The network itself.
    /// The network has no name, or an empty one.
    NameMissing, "name-missing", Error, "V002";
    /// The network's name contains a slash.
    NameWithSlash, "name-with-slash", Error, "V003";
    /// The network's name contains a line break.
    NameWithLineBreak, "name-with-line-break", Error, "V130";
    /// The network's name is longer than 247 bytes.
    NameTooLong, "name-too-long", Error, "V152";
    /// The network is called `.` or `..`.
    NameIsDot, "name-is-dot", Error, -;
    /// The network's name begins with a dash.
    NameLeadingDash, "name-leading-dash", Error, -;
    /// The network's name begins or ends with a blank.
    NameSurroundingBlanks, "name-surrounding-blanks", Warning, -;
    /// Two networks have one name.
    NetworkNameTaken, "network-name-taken", Error, "V150";
    /// The uuid is not 32 hexadecimal digits.
    UuidMalformed, "uuid-malformed", Error, "V004";
    /// Two networks of different names have one uuid.
    UuidTaken, "uuid-taken", Error, "V149";
    /// The title contains a line break.
    TitleWithLineBreak, "title-with-line-break", Error, "V005";
    /// The network's `ipv6` is neither `yes` nor `no`.
    NetworkIpv6Value, "network-ipv6-value", Error, "V006";
    /// `ipv6='yes'` lets IPv6 pass but leaves it off on the bridge.
    NetworkIpv6WithoutAddress, "network-ipv6-without-address", Note, -;
    /// A child of `metadata` has no namespace, so libvirt drops it.
    MetadataChildIgnored, "metadata-child-ignored", Warning, -;
    /// A second child of `metadata` in one namespace, which libvirt drops.
    MetadataNamespaceRepeated, "metadata-namespace-repeated", Warning, -;
    /// A network of this mode needs nothing on the host until a guest starts.
    ModeCompilesToNothing, "mode-compiles-to-nothing", Note, -;

    // The bridge.
    /// Two networks have one bridge name.
    BridgeNameTaken, "bridge-name-taken", Error, "V131";
    /// No name from virbr0 to virbr256 is free.
    BridgeNamesExhausted, "bridge-names-exhausted", Error, "V132";
    /// The bridge's name is longer than 15 bytes.
    BridgeNameTooLong, "bridge-name-too-long", Error, "V162";
    /// The bridge's name holds a slash, a colon or white space.
    BridgeNameInvalid, "bridge-name-invalid", Error, "V162";
    /// The bridge's name is one that the kernel keeps for itself.
    BridgeNameReserved, "bridge-name-reserved", Error, "V162";
    /// The bridge has a name that a physical interface usually has.
    BridgeNameLikeNic, "bridge-name-like-nic", Warning, -;
    /// A bridge name in a mode that has no bridge.
    BridgeNameInDeviceMode, "bridge-name-in-device-mode", Error, "V118";
    /// A bridge name together with forward interfaces.
    BridgeNameWithInterfaces, "bridge-name-with-interfaces", Error, "V122";
    /// A firewalld zone in a mode that has no bridge.
    BridgeZoneInDeviceMode, "bridge-zone-in-device-mode", Error, "V119";
    /// stp, delay or zone in a mode where the bridge is not ours.
    BridgeSettingWithoutOwnBridge, "bridge-setting-without-own-bridge", Error, "V121";
    /// The bridge's forward delay is not a whole number.
    BridgeDelayNotANumber, "bridge-delay-not-a-number", Error, "V022";
    /// The kernel changes this forward delay because STP is on.
    BridgeDelayClamped, "bridge-delay-clamped", Warning, -;
    /// `stp` is neither `on` nor `off`, and is read as `on`.
    StpValue, "stp-value", Warning, -;
    /// `macTableManager` is neither `kernel` nor `libvirt`.
    MacTableManagerUnknown, "mac-table-manager-unknown", Error, "V023";
    /// `macTableManager` in a mode that has no bridge.
    MacTableManagerInDeviceMode, "mac-table-manager-in-device-mode", Error, "V120";
    /// The zone's name holds a character that no firewalld zone has.
    ZoneNameCharacter, "zone-name-character", Error, -;
    /// A device name holds a character that some tool reads specially.
    DeviceNameCharacter, "device-name-character", Error, -;
    /// A device name that libvirt's nftables backend cannot write.
    NftNameNeedsQuoting, "nft-name-needs-quoting", Warning, "V175";
    /// The bridge's MAC address is not six hexadecimal pairs.
    MacMalformed, "mac-malformed", Error, "V024";
    /// The bridge's MAC address is a multicast address.
    MacMulticast, "mac-multicast", Error, "V025";
    /// The bridge's MAC address is all zero.
    MacAllZero, "mac-all-zero", Error, "V162";
    /// Two networks have one MAC address.
    MacRepeated, "mac-repeated", Warning, -;
    /// A MAC address in a mode where the bridge is not ours.
    MacWithoutOwnBridge, "mac-without-own-bridge", Error, "V133";
    /// The MTU is not a whole number.
    MtuNotANumber, "mtu-not-a-number", Error, "V026";
    /// The MTU is outside 68 to 65535.
    MtuOutOfRange, "mtu-out-of-range", Error, "V163";
    /// The MTU is below 1280 and the network has an IPv6 address.
    MtuTooSmallForIpv6, "mtu-too-small-for-ipv6", Error, "V176";
    /// An MTU in a mode where the bridge is not ours.
    MtuWithoutOwnBridge, "mtu-without-own-bridge", Error, "V123";

    // Forwarding.
    /// The forward mode is none of the known ones.
    ForwardModeUnknown, "forward-mode-unknown", Error, "V097";
    /// Mode nat or route without an `ip` element.
    ForwardWithoutIp, "forward-without-ip", Error, "V115";
    /// Mode nat or route with more than one forward interface.
    ForwardSeveralInterfaces, "forward-several-interfaces", Error, "V116";
    /// Mode open with a forward device.
    ForwardDevInOpenMode, "forward-dev-in-open-mode", Error, "V117";
    /// A forward `dev` together with a list of addresses or a `pf`.
    ForwardDevWithPool, "forward-dev-with-pool", Error, "V105";
    /// The forward `dev` is not the first listed interface.
    ForwardDevNotFirstInterface, "forward-dev-not-first-interface", Error, "V107";
    /// The forward device is the network's own bridge.
    ForwardDevIsOwnBridge, "forward-dev-is-own-bridge", Warning, -;
    /// A forward device's name is longer than 15 bytes.
    ForwardDevTooLong, "forward-dev-too-long", Error, "V175";
    /// A forward interface without `dev`.
    ForwardInterfaceWithoutDev, "forward-interface-without-dev", Error, "V106";
    /// A forward interface is listed twice.
    ForwardInterfaceRepeated, "forward-interface-repeated", Error, "V108";
    /// More than one of interfaces, `pf` and PCI addresses, of which one counts.
    ForwardPoolMixed, "forward-pool-mixed", Warning, -;
    /// More than one `pf`.
    ForwardPfRepeated, "forward-pf-repeated", Error, "V112";
    /// A `pf` without `dev`.
    ForwardPfWithoutDev, "forward-pf-without-dev", Error, "V113";
    /// The driver is none of kvm, vfio and xen.
    ForwardDriverUnknown, "forward-driver-unknown", Error, "V114";
    /// A forward address that is not of type `pci`.
    ForwardAddressType, "forward-address-type", Error, "V109";
    /// A PCI bus, slot or function that cannot exist.
    PciAddressOutOfRange, "pci-address-out-of-range", Error, "V110";
    /// A PCI address is listed twice.
    PciAddressRepeated, "pci-address-repeated", Error, "V111";
    /// A PCI address in a mode other than hostdev.
    PciAddressOutsideHostdev, "pci-address-outside-hostdev", Error, "V140";
    /// A hostdev pool names a network device.
    HostdevNamesNetdev, "hostdev-names-netdev", Error, "V139";
    /// A network of host devices that lists no device.
    MacvtapWithoutDevice, "macvtap-without-device", Warning, "V185";
    /// A `nat` element in a mode other than nat.
    NatOutsideNatMode, "nat-outside-nat-mode", Error, "V098";
    /// More than one `nat`.
    NatRepeated, "nat-repeated", Error, "V099";
    /// More than one `address` or `port` in `nat`.
    NatChildRepeated, "nat-child-repeated", Error, "V100";
    /// A `nat` address range without start or end.
    NatAddressIncomplete, "nat-address-incomplete", Error, "V101";
    /// A `nat` address is not an IPv4 address.
    NatAddressNotIpv4, "nat-address-not-ipv4", Error, "V102";
    /// A `nat` address range that ends before it starts.
    NatAddressReversed, "nat-address-reversed", Error, "V103";
    /// A `nat` address range whose ends differ in more than the last 16 bits.
    NatAddressRangeTooLarge, "nat-address-range-too-large", Error, "V103";
    /// A `nat` port is missing or no port number.
    NatPortInvalid, "nat-port-invalid", Error, "V104";
    /// A `nat` port range that ends before it starts.
    NatPortReversed, "nat-port-reversed", Error, "V104";
    /// A `nat` port range that starts and ends at one port.
    NatPortSingle, "nat-port-single", Error, "V166";
    /// An IPv6 subnet in mode nat is routed, not translated.
    NatIpv6Routed, "nat-ipv6-routed", Note, -;
    /// Guests of an isolated network can send into a routed one.
    IsolatedReachesRouted, "isolated-reaches-routed", Note, -;

    // Domain and DNS.
    /// `register='yes'` without `localOnly='yes'`.
    DomainRegisterWithoutLocalOnly, "domain-register-without-local-only", Error, "V008";
    /// A `domain` without a name, which counts as absent.
    DomainWithoutName, "domain-without-name", Warning, -;
    /// A `domain` in a mode where libvirt serves no names.
    DomainWithoutOwnBridge, "domain-without-own-bridge", Error, "V136";
    /// A domain holds a character that separates fields for dnsmasq.
    DomainNameSeparator, "domain-name-separator", Error, -;
    /// `register='yes'` needs systemd-resolved on the host.
    ResolvedNeeded, "resolved-needed", Note, "V171";
    /// DNS is off and yet has forwarders or records.
    DnsDisabledWithRecords, "dns-disabled-with-records", Error, "V040";
    /// DNS records in a mode where libvirt serves no names.
    DnsRecordsWithoutOwnBridge, "dns-records-without-own-bridge", Error, "V135";
    /// DNS settings in a network without an address.
    DnsWithoutIp, "dns-without-ip", Warning, -;
    /// IPv6 guests get no router advertisements: dnsmasq does not run.
    DnsmasqNotStarted, "dnsmasq-not-started", Warning, -;
    /// A forwarder's address is not an IP address.
    ForwarderAddressMalformed, "forwarder-address-malformed", Error, "V027";
    /// A forwarder with neither address nor domain.
    ForwarderEmpty, "forwarder-empty", Error, "V028";
    /// A forwarder's domain holds a separator such as a slash.
    ForwarderDomainSeparator, "forwarder-domain-separator", Error, -;
    /// A DNS host without a name, or with an empty one.
    DnsHostWithoutHostname, "dns-host-without-hostname", Error, "V029";
    /// A DNS host without a valid address.
    DnsHostAddressInvalid, "dns-host-address-invalid", Error, "V030";
    /// A DNS host name holds white space.
    DnsHostnameSeparator, "dns-hostname-separator", Error, -;
    /// An SRV record without service.
    SrvWithoutService, "srv-without-service", Error, "V031";
    /// An SRV service longer than 482 bytes.
    SrvServiceTooLong, "srv-service-too-long", Error, "V032";
    /// An SRV service with a character that it must not have.
    SrvServiceCharacter, "srv-service-character", Error, "V033";
    /// An SRV record without protocol.
    SrvWithoutProtocol, "srv-without-protocol", Error, "V034";
    /// An SRV protocol with a character that it must not have.
    SrvProtocolCharacter, "srv-protocol-character", Error, "V035";
    /// An SRV protocol other than tcp and udp.
    SrvProtocolUnusual, "srv-protocol-unusual", Warning, -;
    /// An SRV service or protocol that makes a label of more than 63 bytes.
    SrvLabelTooLong, "srv-label-too-long", Error, "V170";
    /// An SRV port, priority or weight without target.
    SrvFieldWithoutTarget, "srv-field-without-target", Error, "V036";
    /// An SRV port outside 1 to 65535.
    SrvPortOutOfRange, "srv-port-out-of-range", Error, "V037";
    /// An SRV priority or weight outside 0 to 65535.
    SrvNumberOutOfRange, "srv-number-out-of-range", Error, "V038";
    /// An SRV domain or target holds a comma or white space.
    SrvSeparator, "srv-separator", Error, -;
    /// A TXT record without name.
    TxtWithoutName, "txt-without-name", Error, "V039";
    /// A TXT record without value.
    TxtWithoutValue, "txt-without-value", Error, "V039";
    /// A TXT record's name holds a blank or a comma.
    TxtNameCharacter, "txt-name-character", Error, "V039";
    /// A TXT value with an odd number of double quotes.
    TxtUnbalancedQuote, "txt-unbalanced-quote", Error, "V170";
    /// A comma splits a TXT value into several strings.
    TxtValueSplit, "txt-value-split", Warning, -;
    /// A line break in a TXT or SRV record.
    LineBreakInDnsRecord, "line-break-in-dns-record", Error, "V125";

    // Addresses.
    /// An `ip` without address.
    IpWithoutAddress, "ip-without-address", Error, "V048";
    /// An `ip` address that is no IP address.
    IpAddressMalformed, "ip-address-malformed", Error, "V049";
    /// An IPv6 address without `family='ipv6'`.
    IpFamilyMissing, "ip-family-missing", Error, "V052";
    /// An `ip` family other than ipv4 and ipv6.
    IpFamilyUnknown, "ip-family-unknown", Error, "V059";
    /// `family='ipv6'` on an address that is not IPv6.
    IpNotIpv6, "ip-not-ipv6", Error, "V056";
    /// A netmask that is no address.
    NetmaskMalformed, "netmask-malformed", Error, "V050";
    /// A netmask that is not an IPv4 mask.
    NetmaskNotIpv4, "netmask-not-ipv4", Error, "V053";
    /// A netmask on an IPv6 address.
    NetmaskOnIpv6, "netmask-on-ipv6", Error, "V057";
    /// Both a netmask and a prefix.
    NetmaskAndPrefix, "netmask-and-prefix", Error, "V054";
    /// A prefix that is not a whole number.
    PrefixNotANumber, "prefix-not-a-number", Error, "V051";
    /// An IPv4 prefix above 32.
    PrefixTooLong, "prefix-too-long", Error, "V055";
    /// An IPv6 prefix above 128.
    Ipv6PrefixTooLong, "ipv6-prefix-too-long", Error, "V058";
    /// An address from which no subnet follows.
    IpWithoutPrefix, "ip-without-prefix", Error, "V165";
    /// No prefix is given; the address class decides it.
    PrefixAssumed, "prefix-assumed", Warning, -;
    /// IPv6 guests cannot configure themselves in this prefix.
    Ipv6PrefixNot64, "ipv6-prefix-not-64", Warning, -;
    /// An address in a spelling that means something unexpected.
    AddressNotCanonical, "address-not-canonical", Warning, -;
    /// An `ip` in a mode where the bridge is not ours.
    IpWithoutOwnBridge, "ip-without-own-bridge", Error, "V134";
    /// One address is given twice.
    IpRepeated, "ip-repeated", Error, "V176";
    /// The bridge's address is the subnet's network address.
    IpIsNetworkAddress, "ip-is-network-address", Warning, -;
    /// The bridge's address is the subnet's broadcast address.
    IpIsBroadcastAddress, "ip-is-broadcast-address", Warning, -;
    /// The bridge's address is a multicast or reserved address.
    IpIsMulticast, "ip-is-multicast", Warning, -;
    /// The bridge's address is a loopback address.
    IpIsLoopback, "ip-is-loopback", Warning, -;
    /// The bridge's address is all zero.
    IpIsZero, "ip-is-zero", Warning, -;
    /// A subnet with no room for a guest.
    SubnetWithoutGuests, "subnet-without-guests", Warning, -;
    /// Two networks have one IPv4 subnet.
    SubnetTaken, "subnet-taken", Error, "V161";
    /// Two subnets overlap.
    SubnetsOverlap, "subnets-overlap", Warning, -;
    /// `localPtr` on a prefix that no reverse zone matches.
    LocalPtrPrefix, "local-ptr-prefix", Error, "V168";

    // DHCP and TFTP.
    /// DHCP under two IPv4 addresses.
    DhcpOnTwoIpv4, "dhcp-on-two-ipv4", Error, "V143";
    /// DHCP under two IPv6 addresses.
    DhcpOnTwoIpv6, "dhcp-on-two-ipv6", Error, "V144";
    /// A `dhcp` with neither range nor host, which does nothing.
    DhcpWithoutRangeOrHost, "dhcp-without-range-or-host", Warning, -;
    /// A DHCP range without start or end.
    DhcpRangeIncomplete, "dhcp-range-incomplete", Error, "V060";
    /// A DHCP range whose start or end is no IP address.
    DhcpRangeMalformed, "dhcp-range-malformed", Error, "V061";
    /// A DHCP range of another family than its subnet.
    DhcpRangeOtherFamily, "dhcp-range-other-family", Error, "V062";
    /// A DHCP range starts or ends outside its subnet.
    DhcpRangeOutsideSubnet, "dhcp-range-outside-subnet", Error, "V063";
    /// A DHCP range starts at the network address.
    DhcpRangeStartsAtNetworkAddress, "dhcp-range-starts-at-network-address", Error, "V064";
    /// A DHCP range ends at the broadcast address.
    DhcpRangeEndsAtBroadcast, "dhcp-range-ends-at-broadcast", Error, "V065";
    /// A DHCP range that ends before it starts.
    DhcpRangeReversed, "dhcp-range-reversed", Error, "V066";
    /// A DHCP range of more than 65535 addresses.
    DhcpRangeTooLarge, "dhcp-range-too-large", Error, "V067";
    /// A DHCP range under an address from which no subnet follows.
    DhcpRangeWithoutSubnet, "dhcp-range-without-subnet", Error, "V068";
    /// A DHCP range contains the bridge's own address.
    DhcpRangeContainsGateway, "dhcp-range-contains-gateway", Warning, -;
    /// Two DHCP ranges overlap.
    DhcpRangesOverlap, "dhcp-ranges-overlap", Warning, -;
    /// A DHCP host of an IPv6 subnet has a MAC address.
    DhcpHostMacOnIpv6, "dhcp-host-mac-on-ipv6", Error, "V069";
    /// A DHCP host's MAC address is not six hexadecimal pairs.
    DhcpHostMacMalformed, "dhcp-host-mac-malformed", Error, "V070";
    /// A DHCP host's MAC address is a multicast address.
    DhcpHostMacMulticast, "dhcp-host-mac-multicast", Error, "V071";
    /// Two DHCP hosts have one MAC address.
    DhcpHostMacRepeated, "dhcp-host-mac-repeated", Warning, -;
    /// A DHCP host's id has other characters than hex digits and colons.
    DhcpHostIdCharacter, "dhcp-host-id-character", Error, "V072";
    /// A DHCP host's id has no effect on IPv4.
    DhcpHostIdIgnored, "dhcp-host-id-ignored", Warning, -;
    /// A DHCP host's name does not begin with a letter or digit.
    DhcpHostNameStart, "dhcp-host-name-start", Error, "V073";
    /// A DHCP host's name holds a comma.
    DhcpHostNameSeparator, "dhcp-host-name-separator", Error, -;
    /// A DHCP host's name is no valid host name.
    DhcpHostNameInvalid, "dhcp-host-name-invalid", Warning, -;
    /// Two DHCP hosts have one name.
    DhcpHostNameRepeated, "dhcp-host-name-repeated", Warning, -;
    /// A DHCP host's address is no IP address.
    DhcpHostIpMalformed, "dhcp-host-ip-malformed", Error, "V074";
    /// Two DHCP hosts have one address.
    DhcpHostIpRepeated, "dhcp-host-ip-repeated", Warning, -;
    /// A DHCP host without address.
    DhcpHostWithoutIp, "dhcp-host-without-ip", Error, "V077";
    /// An IPv6 DHCP host with neither id nor name.
    DhcpHostWithoutIdOrName, "dhcp-host-without-id-or-name", Error, "V075";
    /// An IPv4 DHCP host with neither MAC nor name.
    DhcpHostWithoutMacOrName, "dhcp-host-without-mac-or-name", Error, "V076";
    /// A DHCP host of another family than its subnet.
    DhcpHostOtherFamily, "dhcp-host-other-family", Warning, -;
    /// A DHCP host's address lies outside the subnet.
    DhcpHostOutsideSubnet, "dhcp-host-outside-subnet", Warning, -;
    /// A DHCP host has the bridge's own address.
    DhcpHostIsGateway, "dhcp-host-is-gateway", Warning, -;
    /// A lease time that is not a whole number.
    LeaseExpiryNotANumber, "lease-expiry-not-a-number", Error, "V078";
    /// A lease unit other than seconds, minutes and hours.
    LeaseUnitUnknown, "lease-unit-unknown", Error, "V079";
    /// A lease time below two minutes.
    LeaseTooShort, "lease-too-short", Error, "V080";
    /// A lease time that dnsmasq cannot count.
    LeaseTooLong, "lease-too-long", Warning, -;
    /// A `bootp` without file.
    BootpWithoutFile, "bootp-without-file", Error, "V081";
    /// A `bootp` server that is not an IP address.
    BootpServerNotAnAddress, "bootp-server-not-an-address", Error, "V082";
    /// A `bootp` file holds a comma.
    BootpSeparator, "bootp-separator", Error, -;
    /// A `bootp` has no effect on IPv6.
    BootpOnIpv6, "bootp-on-ipv6", Warning, -;
    /// A `tftp` under an IPv6 address.
    TftpOnIpv6, "tftp-on-ipv6", Error, "V083";
    /// A `tftp` without root, which counts as absent.
    TftpWithoutRoot, "tftp-without-root", Warning, -;
    /// A TFTP root that is not an absolute path.
    TftpRootRelative, "tftp-root-relative", Warning, -;
    /// A TFTP root holds a comma.
    TftpRootSeparator, "tftp-root-separator", Error, -;
    /// Two TFTP roots, of which dnsmasq serves the last.
    TftpRootRepeated, "tftp-root-repeated", Warning, -;
    /// TFTP is served here but not let through.
    TftpBlocked, "tftp-blocked", Warning, -;
    /// DHCPv6 on one IPv6 address ends advertisements for the others.
    RaLostBesideDhcp6, "ra-lost-beside-dhcp6", Warning, -;

    // Routes.
    /// A route without address.
    RouteWithoutAddress, "route-without-address", Error, "V084";
    /// A route without gateway.
    RouteWithoutGateway, "route-without-gateway", Error, "V085";
    /// A route whose address or gateway is no IP address.
    RouteAddressMalformed, "route-address-malformed", Error, "V086";
    /// A route's address is not of the declared family.
    RouteAddressOtherFamily, "route-address-other-family", Error, "V087";
    /// A route's gateway is not of the declared family.
    RouteGatewayOtherFamily, "route-gateway-other-family", Error, "V088";
    /// A route family other than ipv4 and ipv6.
    RouteFamilyUnknown, "route-family-unknown", Error, "V093";
    /// A route netmask that is not an IPv4 mask.
    RouteNetmaskMalformed, "route-netmask-malformed", Error, "V089";
    /// A route with both netmask and prefix.
    RouteNetmaskAndPrefix, "route-netmask-and-prefix", Error, "V090";
    /// A netmask on an IPv6 route.
    RouteNetmaskOnIpv6, "route-netmask-on-ipv6", Error, "V092";
    /// A route prefix that is too long or not a number.
    RoutePrefixInvalid, "route-prefix-invalid", Error, "V091";
    /// A route's address is not a network address.
    RouteHostBitsSet, "route-host-bits-set", Error, "V094";
    /// A route metric that is zero or not a number.
    RouteMetricInvalid, "route-metric-invalid", Error, "V095";
    /// A route's gateway lies in no subnet of the network.
    RouteGatewayUnreachable, "route-gateway-unreachable", Error, "V096";
    /// A route's gateway is the bridge's own address.
    RouteGatewayIsBridge, "route-gateway-is-bridge", Warning, -;
    /// A route's destination is the subnet of another network.
    RouteTaken, "route-taken", Error, "V161";
    /// One route is given twice.
    RouteRepeated, "route-repeated", Warning, -;
    /// A default route, which collides with the host's own.
    RouteIsDefault, "route-is-default", Warning, "V161";
    /// The firewall rejects the guests' packets to a routed subnet.
    RouteRejectedByFirewall, "route-rejected-by-firewall", Warning, -;

    // Bandwidth, VLANs, portgroups, virtual ports.
    /// A bandwidth limit without average.
    BandwidthWithoutAverage, "bandwidth-without-average", Error, "V009";
    /// A bandwidth peak or burst without average.
    BandwidthPeakWithoutAverage, "bandwidth-peak-without-average", Error, "V010";
    /// A bandwidth floor on a network or portgroup.
    BandwidthFloorOnNetwork, "bandwidth-floor-on-network", Error, "V011";
    /// A `classID` on a network's or portgroup's bandwidth.
    BandwidthClassId, "bandwidth-class-id", Error, "V012";
    /// A rate that is not a whole number.
    BandwidthRateNotANumber, "bandwidth-rate-not-a-number", Error, "V013";
    /// A rate or burst above what the kernel can count.
    BandwidthTooLarge, "bandwidth-too-large", Error, "V138";
    /// A bandwidth limit in a mode that has no bridge of ours.
    BandwidthUnsupportedMode, "bandwidth-unsupported-mode", Error, "V137";
    /// A bandwidth limit of zero.
    BandwidthZero, "bandwidth-zero", Warning, -;
    /// A peak has no effect outbound.
    PeakOnOutbound, "peak-on-outbound", Warning, -;
    /// A `vlan` without tag.
    VlanWithoutTag, "vlan-without-tag", Error, "V014";
    /// A VLAN tag without an id, or with one that is no number.
    VlanTagIdInvalid, "vlan-tag-id-invalid", Error, "V015";
    /// A VLAN id above 4095.
    VlanTagIdTooLarge, "vlan-tag-id-too-large", Error, "V016";
    /// A VLAN id that 802.1Q reserves.
    VlanIdReserved, "vlan-id-reserved", Warning, -;
    /// A native mode other than tagged and untagged.
    VlanNativeModeUnknown, "vlan-native-mode-unknown", Error, "V017";
    /// More than one native VLAN.
    VlanTwoNativeTags, "vlan-two-native-tags", Error, "V018";
    /// Several VLAN tags with `trunk='no'`.
    VlanSeveralTagsWithoutTrunk, "vlan-several-tags-without-trunk", Error, "V019";
    /// A native VLAN with `trunk='no'`.
    VlanNativeTagWithoutTrunk, "vlan-native-tag-without-trunk", Error, "V020";
    /// `trunk` is neither `yes` nor `no`.
    VlanTrunkValue, "vlan-trunk-value", Error, "V021";
    /// VLAN tags where no port could carry them.
    VlanUnsupported, "vlan-unsupported", Error, "V145";
    /// VLAN tags need a bridge with VLAN filtering on.
    VlanFilteringNeeded, "vlan-filtering-needed", Note, -;
    /// A portgroup without name.
    PortgroupWithoutName, "portgroup-without-name", Error, "V047";
    /// Two portgroups have one name.
    PortgroupRepeated, "portgroup-repeated", Error, "V147";
    /// Two portgroups are the default.
    PortgroupTwoDefaults, "portgroup-two-defaults", Error, "V146";
    /// A portgroup's bandwidth in a mode that cannot limit it.
    PortgroupBandwidthUnsupported, "portgroup-bandwidth-unsupported", Error, "V148";
    /// A network's virtual port without type.
    VirtualportWithoutType, "virtualport-without-type", Error, "V041";
    /// A virtual port of unknown type.
    VirtualportTypeUnknown, "virtualport-type-unknown", Error, "V042";
    /// A virtual port's number is too large or no number.
    VirtualportParameterOutOfRange, "virtualport-parameter-out-of-range", Error, "V043";
    /// A virtual port's id is not a uuid.
    VirtualportIdMalformed, "virtualport-id-malformed", Error, "V044";
    /// A virtual port's profile is longer than 39 bytes.
    VirtualportProfileTooLong, "virtualport-profile-too-long", Error, "V045";
    /// A parameter that this type of virtual port does not have.
    VirtualportParameterForeign, "virtualport-parameter-foreign", Error, "V046";
    /// A parameter that this type of virtual port needs.
    VirtualportParameterMissing, "virtualport-parameter-missing", Warning, "V187";
    /// A virtual port on a bridge of ours: no guest can attach.
    VirtualportOnOwnBridge, "virtualport-on-own-bridge", Warning, "V181";
    /// A host bridge with a virtual port other than openvswitch.
    VirtualportOnLinuxBridge, "virtualport-on-linux-bridge", Warning, "V182";
    /// A macvtap network with a virtual port other than 802.1Qbg and 802.1Qbh.
    VirtualportOnMacvtap, "virtualport-on-macvtap", Warning, "V183";
    /// A hostdev network with a virtual port other than 802.1Qbg and 802.1Qbh.
    VirtualportOnHostdev, "virtualport-on-hostdev", Warning, "V184";
    /// Network and portgroup disagree on a virtual port.
    VirtualportMergeConflict, "virtualport-merge-conflict", Warning, "V186";

    // Raw dnsmasq options.
    /// A dnsmasq option without value.
    DnsmasqOptionWithoutValue, "dnsmasq-option-without-value", Error, "V124";
    /// A dnsmasq option that runs code or reads or writes files.
    DnsmasqOptionDangerous, "dnsmasq-option-dangerous", Warning, -;
    /// A dnsmasq option that the network's own configuration sets.
    DnsmasqOptionConflicts, "dnsmasq-option-conflicts", Warning, -;

    // Our own namespace, urn:lanwright:network:1.
    /// An element that our namespace does not have here.
    LanwrightElementUnknown, "lanwright-element-unknown", Error, -;
    /// An attribute that this element of ours does not have.
    LanwrightAttributeUnknown, "lanwright-attribute-unknown", Error, -;
    /// An element of ours without an attribute that it needs.
    LanwrightAttributeMissing, "lanwright-attribute-missing", Error, -;
    /// More than one uplink.
    UplinkRepeated, "uplink-repeated", Error, -;
    /// Two networks have one uplink.
    UplinkTaken, "uplink-taken", Error, -;
    /// The uplink is the bridge itself.
    UplinkIsBridge, "uplink-is-bridge", Error, -;
    /// An uplink on a network that is not a host bridge.
    UplinkOutsideBridgeMode, "uplink-outside-bridge-mode", Error, -;
    /// A host bridge without uplink: it must exist already.
    UplinkMissing, "uplink-missing", Note, -;
    /// Uplink addressing other than dhcp, static and none.
    UplinkAddressingUnknown, "uplink-addressing-unknown", Error, -;
    /// Static uplink addressing without an address.
    UplinkStaticWithoutIp, "uplink-static-without-ip", Error, -;
    /// An uplink address without static addressing.
    UplinkIpWithoutStatic, "uplink-ip-without-static", Error, -;
    /// An uplink address, prefix or gateway that is none.
    UplinkAddressMalformed, "uplink-address-malformed", Error, -;
    /// A port forward of a protocol other than tcp and udp.
    PortForwardProtocolUnknown, "port-forward-protocol-unknown", Error, -;
    /// A port forward's port or range is none.
    PortForwardPortInvalid, "port-forward-port-invalid", Error, -;
    /// A port forward's two ranges differ in length.
    PortForwardRangeMismatch, "port-forward-range-mismatch", Error, -;
    /// A port forward's address or source is none.
    PortForwardAddressMalformed, "port-forward-address-malformed", Error, -;
    /// A port forward's target lies in no subnet of the network.
    PortForwardTargetOutsideSubnet, "port-forward-target-outside-subnet", Error, -;
    /// A port forward's target is the host itself.
    PortForwardTargetIsBridge, "port-forward-target-is-bridge", Error, -;
    /// Two port forwards want one port.
    PortForwardTaken, "port-forward-taken", Error, -;
    /// A port forward on a network that is neither nat nor route.
    PortForwardOutsideNatMode, "port-forward-outside-nat-mode", Error, -;
    /// Port forwards are read but not compiled yet.
    PortForwardNotSupported, "port-forward-not-supported", Error, -;

    // What a tool on the host cannot do.
    /// systemd-networkd has no setting for this.
    NetworkdCannotExpress, "networkd-cannot-express", Warning, -;
    /// NetworkManager has no setting for this.
    NetworkManagerCannotExpress, "network-manager-cannot-express", Warning, -;
    /// `ip`, `bridge` and `tc` have no command for this.
    Iproute2CannotExpress, "iproute2-cannot-express", Warning, -;
    /// A kernel setting of a device whose name means something else in `sysctl.d`.
    SysctlCannotExpress, "sysctl-cannot-express", Warning, -;
    /// firewalld takes no interface of this name.
    FirewalldCannotExpress, "firewalld-cannot-express", Warning, -;
    /// A zone needs firewalld on the host.
    FirewalldNeeded, "firewalld-needed", Note, "V164";
    /// Open vSwitch is not configured by us: its bridge must exist.
    OpenvswitchNotManaged, "openvswitch-not-managed", Note, -;

    // Late comers.
    /// A device in our own namespace that can be none.
    LanwrightDeviceInvalid, "lanwright-device-invalid", Error, -;

    /// A `#` after a blank ends a TXT value for dnsmasq.
    TxtValueComment, "txt-value-comment", Warning, -;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no diagnostic code of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such code")
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.name() == name)
            .ok_or(UnknownCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_kebab_case_and_found_again() {
        for &code in Code::ALL {
            let name = code.name();
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert_eq!(name.parse(), Ok(code));
        }
        assert_eq!("no-such-code".parse::<Code>(), Err(UnknownCode));
    }

    #[test]
    fn pages_say_the_code_and_its_rule() {
        for &code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {code}\n")), "{code}");
            if let Some(rule) = code.rule() {
                assert!(page.contains(rule), "{code} does not mention {rule}");
            }
            for line in page.lines() {
                assert!(line.chars().count() <= 88, "{code}: {line}");
            }
        }
    }
}
