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

# Network halfworld.
profile 7f220bf7-f4ae-5857-857c-6d0d83bf690a bridge \
    connection.id lanwright-vbr-half \
    connection.interface-name vbr-half \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:1c:3a:4c \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.41.6.1/1 \
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
activate 7f220bf7-f4ae-5857-857c-6d0d83bf690a vbr-half
