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

# Network default.
profile 1c718f8d-bd10-5d59-9db3-7b68e7e5a5a8 bridge \
    connection.id lanwright-virbr0 \
    connection.interface-name virbr0 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:01 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 192.168.150.1/24 \
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

# Network campus.
profile fd76b8ef-df3e-5e3d-aee1-d1dd8610dfb1 bridge \
    connection.id lanwright-br0 \
    connection.interface-name br0 \
    connection.autoconnect-priority 10 \
    connection.autoconnect-slaves 1 \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 192.0.2.20/24 \
    ipv4.gateway 192.0.2.1 \
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

# Network voice.
profile e14b09ce-9d09-5eeb-b5ae-256765996d78 bridge \
    connection.id lanwright-br30 \
    connection.interface-name br30 \
    connection.autoconnect-priority 10 \
    connection.autoconnect-slaves 1 \
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

# Network dmz.
profile 7fcea2cc-eef4-5589-97d5-58507f62c3ee bridge \
    connection.id lanwright-vbr-dmz \
    connection.interface-name vbr-dmz \
    connection.autoconnect-priority 10 \
    connection.zone lanwright-routed \
    bridge.mac-address 52:54:00:a0:00:04 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 198.51.100.65/27 \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default yes \
    ipv6.method manual \
    ipv6.addresses 2001:db8:5:4::1/64 \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default yes \
    ipv6.addr-gen-mode eui64

# Network print.
profile 9ba5ebf2-d2cd-5018-ab23-4a8f848744db bridge \
    connection.id lanwright-vbr-print \
    connection.interface-name vbr-print \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:05 \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.70.5.1/24 \
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

# Network accounting.
profile 7d5adaba-bace-5d3f-a56d-e2f03e16fb97 bridge \
    connection.id lanwright-vbr-acct \
    connection.interface-name vbr-acct \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:06 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.70.6.1/24 \
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

# Network lab.
profile 676d3f66-4999-5eb0-8469-8ef007e4bce5 bridge \
    connection.id lanwright-vbr-lab \
    connection.interface-name vbr-lab \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:07 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.70.7.1/24 \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default yes \
    ipv6.method manual \
    ipv6.addresses fd70:7::1/64 \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default yes \
    ipv6.addr-gen-mode eui64

# Network install.
profile 29c8bf50-2f21-5882-9942-785f628e5d80 bridge \
    connection.id lanwright-vbr-inst \
    connection.interface-name vbr-inst \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:08 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.70.8.1/24 \
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

# Network storage.
profile 746af95a-90b6-5558-9f56-d5f16df65680 bridge \
    connection.id lanwright-vbr-stor \
    connection.interface-name vbr-stor \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:09 \
    802-3-ethernet.mtu 9000 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.70.9.1/24 \
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

# Network visitors.
profile 02a21b89-6b1d-53d9-850c-1ab903968d6f bridge \
    connection.id lanwright-vbr-visit \
    connection.interface-name vbr-visit \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:a0:00:10 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.70.10.1/23 \
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

# The physical port of network campus.
profile f4117209-e563-5d9e-b3aa-b3476a553d99 ethernet \
    connection.id lanwright-eno1 \
    connection.interface-name eno1 \
    connection.autoconnect-priority 10 \
    connection.master br0 \
    connection.slave-type bridge

# The physical port of network voice.
profile e8d80daa-dcda-50d0-9299-e95b6dde3d0d ethernet \
    connection.id lanwright-eno1.30 \
    connection.interface-name eno1.30 \
    connection.autoconnect-priority 10 \
    connection.master br30 \
    connection.slave-type bridge

# A bridge brings its ports up with it. With IPv6 alone it is ready when a guest is there: nobody
# waits for that.
activate 1c718f8d-bd10-5d59-9db3-7b68e7e5a5a8 virbr0
activate fd76b8ef-df3e-5e3d-aee1-d1dd8610dfb1 br0
activate e14b09ce-9d09-5eeb-b5ae-256765996d78 br30
activate 7fcea2cc-eef4-5589-97d5-58507f62c3ee vbr-dmz
activate 9ba5ebf2-d2cd-5018-ab23-4a8f848744db vbr-print
activate 7d5adaba-bace-5d3f-a56d-e2f03e16fb97 vbr-acct
activate 676d3f66-4999-5eb0-8469-8ef007e4bce5 vbr-lab
activate 29c8bf50-2f21-5882-9942-785f628e5d80 vbr-inst
activate 746af95a-90b6-5558-9f56-d5f16df65680 vbr-stor
activate 02a21b89-6b1d-53d9-850c-1ab903968d6f vbr-visit

# A bridge that was up before has not brought a new port up.
join f4117209-e563-5d9e-b3aa-b3476a553d99
join e8d80daa-dcda-50d0-9299-e95b6dde3d0d
