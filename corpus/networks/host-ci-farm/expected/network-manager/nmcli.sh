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

# Network default.
profile 1ec09664-eabc-53f3-b2b2-d97c13aba772 bridge \
    connection.id lanwright-virbr0 \
    connection.interface-name virbr0 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:37:a8:ee \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 192.168.160.1/24 \
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

# Network runner-linux.
profile 5e830815-d933-53d5-8191-c933eb483a11 bridge \
    connection.id lanwright-ci-linux \
    connection.interface-name ci-linux \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:fa:2b:9a \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.0.1/20 \
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

# Network runner-windows.
profile aca63174-9786-50bd-ab69-30518e1a7d08 bridge \
    connection.id lanwright-ci-windows \
    connection.interface-name ci-windows \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:86:b0:58 \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.16.1/20 \
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

# Network runner-v6.
profile 14c7bd84-6660-5f3c-92cb-918b0155c46c bridge \
    connection.id lanwright-ci-v6 \
    connection.interface-name ci-v6 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:26:a1:b5 \
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
    ipv6.method manual \
    ipv6.addresses fd80:4::1/64 \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default yes \
    ipv6.addr-gen-mode eui64

# Network runner-dual.
profile b351a01c-c069-5470-9cd4-56033e92d2db bridge \
    connection.id lanwright-ci-dual \
    connection.interface-name ci-dual \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:72:a4:91 \
    bridge.stp no \
    bridge.forward-delay 15 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.48.1/22 \
    ipv4.gateway '' \
    ipv4.routes '' \
    ipv4.dns '' \
    ipv4.dns-search '' \
    ipv4.never-default yes \
    ipv6.method manual \
    ipv6.addresses fd80:5::1/64 \
    ipv6.gateway '' \
    ipv6.routes '' \
    ipv6.dns '' \
    ipv6.dns-search '' \
    ipv6.never-default yes \
    ipv6.addr-gen-mode eui64

# Network cache.
profile f0753fc2-3dfa-5ae3-99bc-de683ead9179 bridge \
    connection.id lanwright-ci-cache \
    connection.interface-name ci-cache \
    connection.autoconnect-priority 10 \
    connection.zone lanwright-routed \
    bridge.mac-address 52:54:00:5e:1e:ce \
    802-3-ethernet.mtu 9000 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.64.1/24 \
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

# Network sandbox.
profile 61d0aaaf-d092-5924-a181-8e02bcf2cab9 bridge \
    connection.id lanwright-ci-sandbox \
    connection.interface-name ci-sandbox \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:b7:ad:56 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.65.1/24 \
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

# Network sandbox-no-host.
profile 44a4bc1b-8892-5a83-b09e-b8652f1dfa83 bridge \
    connection.id lanwright-ci-nohost \
    connection.interface-name ci-nohost \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:cd:dc:6f \
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

# Network router-left.
profile 75c43d0b-7b47-57ef-afc5-6ac7b8f80706 bridge \
    connection.id lanwright-ci-left \
    connection.interface-name ci-left \
    connection.autoconnect-priority 10 \
    bridge.mac-address 52:54:00:3e:73:96 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.66.1/24 \
    ipv4.gateway '' \
    ipv4.routes '10.80.67.0/24 10.80.66.2 1' \
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

# Network throttled.
profile 2f28f598-da72-5652-802d-9dfc0ae955cc bridge \
    connection.id lanwright-ci-slow \
    connection.interface-name ci-slow \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:b9:76:30 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.68.1/24 \
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

# Network netboot.
profile c48310da-c255-5ec5-9b6a-429f89ab577c bridge \
    connection.id lanwright-ci-netboot \
    connection.interface-name ci-netboot \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:47:a6:56 \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering yes \
    ipv4.method manual \
    ipv4.addresses 10.80.69.1/24 \
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

# Network static names.
profile 13dcf8da-204b-5bc9-b29d-566f587f42b4 bridge \
    connection.id lanwright-virbr1 \
    connection.interface-name virbr1 \
    connection.autoconnect-priority 10 \
    connection.zone lanwright \
    bridge.mac-address 52:54:00:92:ae:de \
    bridge.stp yes \
    bridge.forward-delay 2 \
    bridge.vlan-filtering no \
    ipv4.method manual \
    ipv4.addresses 10.80.70.1/24 \
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
activate 1ec09664-eabc-53f3-b2b2-d97c13aba772 virbr0
activate 5e830815-d933-53d5-8191-c933eb483a11 ci-linux
activate aca63174-9786-50bd-ab69-30518e1a7d08 ci-windows
activate 14c7bd84-6660-5f3c-92cb-918b0155c46c ci-v6 --wait=0
activate b351a01c-c069-5470-9cd4-56033e92d2db ci-dual
activate f0753fc2-3dfa-5ae3-99bc-de683ead9179 ci-cache
activate 61d0aaaf-d092-5924-a181-8e02bcf2cab9 ci-sandbox
activate 44a4bc1b-8892-5a83-b09e-b8652f1dfa83 ci-nohost
activate 75c43d0b-7b47-57ef-afc5-6ac7b8f80706 ci-left
activate 2f28f598-da72-5652-802d-9dfc0ae955cc ci-slow
activate c48310da-c255-5ec5-9b6a-429f89ab577c ci-netboot
activate 13dcf8da-204b-5bc9-b29d-566f587f42b4 virbr1
