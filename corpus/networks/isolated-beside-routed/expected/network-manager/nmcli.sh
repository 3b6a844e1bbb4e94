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

# Network cage.
profile fef7e23a-55b5-58a2-8d30-8f8f87031408 bridge \
    connection.id lanwright-vbr-cage \
    connection.interface-name vbr-cage \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:59:43:be \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.62.0.1/24 \
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

# Network plaza.
profile f712fd67-0693-5eae-bce0-4437e30e2a02 bridge \
    connection.id lanwright-vbr-plaza \
    connection.interface-name vbr-plaza \
    connection.autoconnect-priority 10 \
    connection.zone lanwright-routed \
    bridge.mac-address 52:54:00:3f:65:13 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.62.1.1/24 \
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

# Network alley.
profile 0b5831a4-b0c6-538f-a509-bb1108c2637a bridge \
    connection.id lanwright-vbr-alley \
    connection.interface-name vbr-alley \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:00:e7:68 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.62.2.1/24 \
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
activate fef7e23a-55b5-58a2-8d30-8f8f87031408 vbr-cage
activate f712fd67-0693-5eae-bce0-4437e30e2a02 vbr-plaza
activate 0b5831a4-b0c6-538f-a509-bb1108c2637a vbr-alley
