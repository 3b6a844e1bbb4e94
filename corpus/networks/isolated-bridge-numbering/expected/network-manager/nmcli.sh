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

# Network auto-a.
profile 68f93fb7-3aa9-5744-a1a4-6e0e7f9782f8 bridge \
    connection.id lanwright-virbr0 \
    connection.interface-name virbr0 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:ce:05:5a \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method disabled \
    ipv4.addresses '' \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default no \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# Network fixed.
profile a238e588-e32e-5c4d-997d-11aa7df41c8c bridge \
    connection.id lanwright-virbr1 \
    connection.interface-name virbr1 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:99:2a:93 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method disabled \
    ipv4.addresses '' \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default no \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# Network auto-b.
profile fb55012a-60e8-5f16-aba3-a85fa47999d8 bridge \
    connection.id lanwright-virbr2 \
    connection.interface-name virbr2 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:13:d3:bd \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method disabled \
    ipv4.addresses '' \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default no \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# Network auto-c.
profile 26857cf7-f703-5e10-8ff5-b1899a3da367 bridge \
    connection.id lanwright-lab0 \
    connection.interface-name lab0 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:7f:4b:cc \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method disabled \
    ipv4.addresses '' \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default no \
    ipv6.method disabled \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# Network auto-d.
profile 262c9aed-3d3a-56fa-8aca-9696f386d319 bridge \
    connection.id lanwright-lab1 \
    connection.interface-name lab1 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:8a:94:d4 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method disabled \
    ipv4.addresses '' \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default no \
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
activate 68f93fb7-3aa9-5744-a1a4-6e0e7f9782f8 virbr0
activate a238e588-e32e-5c4d-997d-11aa7df41c8c virbr1
activate fb55012a-60e8-5f16-aba3-a85fa47999d8 virbr2
activate 26857cf7-f703-5e10-8ff5-b1899a3da367 lab0
activate 262c9aed-3d3a-56fa-8aca-9696f386d319 lab1
