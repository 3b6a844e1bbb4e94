#!/bin/sh
# Made by lanwright from network XML; changes here are lost at the next run.
# The same profiles as in the .nmconnection files, for a NetworkManager that is running.
# Can be run again: profiles that exist are changed in place.
set -eu
export LC_ALL=C

command -v nmcli >/dev/null || {
    echo 'nmcli is missing: this script needs NetworkManager' >&2
    exit 2
}

# profile UUID TYPE PROPERTY VALUE...
profile() {
    uuid=$1 type=$2
    shift 2
    if nmcli -g connection.uuid connection show uuid "$uuid" >/dev/null 2>&1; then
        nmcli connection modify uuid "$uuid" "$@"
    else
        nmcli connection add type "$type" connection.uuid "$uuid" "$@"
    fi
}

# active UUID
active() {
    nmcli -g GENERAL.STATE connection show uuid "$1" 2>/dev/null | grep -q '^activ'
}

# activate UUID DEVICE OPTION...: a bridge that is up keeps its guests.
activate() {
    uuid=$1 device=$2
    shift 2
    if active "$uuid"; then
        nmcli device reapply "$device"
    else
        nmcli "$@" connection up uuid "$uuid"
    fi
}

# Network first.
profile 939b2d0c-2eae-5379-a0d1-515d9dacd4ac bridge \
    connection.id lanwright-vbr-first \
    connection.interface-name vbr-first \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a7:93:7b \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.61.0.1/20 \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default yes \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# Network second.
profile 96bbf75f-3ca2-5186-bc89-4e7ced2cec7c bridge \
    connection.id lanwright-vbr-second \
    connection.interface-name vbr-second \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:16:36:7a \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.61.4.1/22 \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default yes \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# Network third.
profile 2acc8243-483b-5be9-9481-a6fbda440107 bridge \
    connection.id lanwright-vbr-third \
    connection.interface-name vbr-third \
    connection.autoconnect-priority 10 \
    connection.zone lanwright-routed \
    bridge.mac-address 52:54:00:b1:e9:93 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.61.5.1/24 \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default yes \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# A bridge brings its ports up with it. With IPv6 alone it is ready when a guest is there: nobody
# waits for that.
activate 939b2d0c-2eae-5379-a0d1-515d9dacd4ac vbr-first
activate 96bbf75f-3ca2-5186-bc89-4e7ced2cec7c vbr-second
activate 2acc8243-483b-5be9-9481-a6fbda440107 vbr-third
