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

# join UUID: a port that is not up yet.
join() {
    active "$1" || nmcli connection up uuid "$1"
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

# Network campus-owned.
profile d3a2ffed-0d26-5211-9093-c66ade29f8b5 bridge \
    connection.id lanwright-br-bond \
    connection.interface-name br-bond \
    connection.autoconnect-priority 10 \
    connection.autoconnect-slaves 1 \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method auto \
    ipv4.addresses '' \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default no \
    ipv6.method auto \
    ipv6.addresses '' \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default no \
    ipv6.addr-gen-mode eui64

# The physical port of network campus-owned.
profile 202bbc61-cb0f-507f-a154-9b9d7b3dd53c ethernet \
    connection.id lanwright-bond0 \
    connection.interface-name bond0 \
    connection.autoconnect-priority 10 \
    connection.master br-bond \
    connection.slave-type bridge

# A bridge brings its ports up with it. With IPv6 alone it is ready when a guest is there: nobody
# waits for that.
activate d3a2ffed-0d26-5211-9093-c66ade29f8b5 br-bond

# A bridge that was up before has not brought a new port up.
join 202bbc61-cb0f-507f-a154-9b9d7b3dd53c
