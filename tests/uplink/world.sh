# A host whose only way out is eno1, as it may be before: $1 is who has addressed it so far
# (iproute2, networkd, network-manager), $2 the artifact tree that is to take it over, and $3 how
# the host is addressed afterwards (static, dhcp, none). Prints a line "name answer" a check.
manager=$1 tree=$2 addressing=$3

ip netns add outside
ip netns add guest
ip link add eno1 type veth peer name out netns outside
for inside in lo out; do ip -n outside link set "$inside" up; done
ip -n outside address add 192.0.2.1/24 dev out
ip -n outside address add 2001:db8:2::1/64 dev out nodad
if [[ $addressing == dhcp ]]; then
  ip netns exec outside dnsmasq --conf-file=/dev/null --port=0 --interface=out --no-ping \
    --dhcp-range=192.0.2.50,192.0.2.59,255.255.255.0 --dhcp-option=3,192.0.2.1 \
    --dhcp-leasefile=/run/outside.leases --pid-file=/run/outside.pid
fi

# soon SECONDS COMMAND...: until it succeeds.
soon() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}
quiet() { "$@" >/dev/null 2>&1; }
say() { if quiet "${@:2}"; then echo "$1 yes"; else echo "$1 no"; fi; }
addressed() { [[ -n $(ip -4 -o address show dev "$1" scope global) ]]; }
is_port() { ip -o link show dev eno1 | grep -q 'master br0'; }
bus() { dbus-daemon --system --fork --nopidfile; }

was_iproute2() {
  ip link set dev eno1 up
  ip address add 192.0.2.99/24 dev eno1
  ip route add default via 192.0.2.1
  # Learnt from a router advertisement, as the kernel would have.
  ip -6 route add default via fe80::1 dev eno1 proto ra metric 1024
}
takes_iproute2() {
  ip -batch "$tree"/iproute2/lan.batch
  if [[ $addressing == dhcp ]]; then
    # The lines for those who have a DHCP client at hand.
    sed -n 's/^#   \(\(link\|address\|route\) \)/\1/p' "$tree"/iproute2/lan.batch | ip -batch -
    printf '#!/bin/sh\n[ "$1" = bound ] || exit 0\n%s\n%s\n' \
      'ip address add $ip/$mask dev $interface' 'ip route add default via $router' >/run/bound
    chmod +x /run/bound
    busybox udhcpc -i br0 -n -q -s /run/bound >&2
  fi
}

was_networkd() {
  mkdir -p /run/systemd/system /run/systemd/network \
    /run/systemd/netif/{links,leases,lldp}
  chown -R systemd-network:systemd-network /run/systemd/netif
  rm -rf /etc/systemd/network
  mkdir -p /etc/systemd/network
  printf '[Match]\nName=eno1\n[Network]\nAddress=192.0.2.99/24\nGateway=192.0.2.1\n' \
    >/etc/systemd/network/20-wired.network
  bus
  SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd >/run/log 2>&1 &
}
takes_networkd() {
  cp "$tree"/networkd/* /etc/systemd/network/
  chmod -R a+rX /etc/systemd/network
  networkctl reload
}

was_network-manager() {
  mount -t tmpfs tmpfs /var/lib
  mkdir -p /var/lib/NetworkManager
  rm -rf /etc/NetworkManager
  mkdir -p /etc/NetworkManager/system-connections
  printf '%s\n' '[main]' 'plugins=keyfile' 'dns=none' 'rc-manager=unmanaged' 'no-auto-default=*' \
    '[keyfile]' 'unmanaged-devices=interface-name:gv' '[device]' 'carrier-wait-timeout=0' \
    >/etc/NetworkManager/NetworkManager.conf
  printf '%s\n' '[connection]' 'id=wired' 'uuid=6a2c1e9a-8f44-4b54-9d4c-0f1a5a0f8b11' \
    'type=ethernet' 'interface-name=eno1' '[ipv4]' 'method=manual' \
    'address1=192.0.2.99/24,192.0.2.1' '[ipv6]' 'method=disabled' \
    >/etc/NetworkManager/system-connections/wired.nmconnection
  chmod 600 /etc/NetworkManager/system-connections/*
  bus
  NetworkManager --no-daemon >/run/log 2>&1 &
}
takes_network-manager() {
  sh "$tree"/network-manager/nmcli.sh >&2
  # It can be run again.
  sh "$tree"/network-manager/nmcli.sh >&2
}

"was_$manager"
soon 10 addressed eno1 || { ip address; cat /run/log; exit 1; } >&2
soon 5 ping -c1 -W1 192.0.2.1
echo "ping-before yes"

"takes_$manager"
[[ ! -e $tree/sysctl ]] || sysctl -q --ignore --load="$tree"/sysctl/60-lanwright.conf
if [[ $addressing == none ]]; then soon 10 is_port || true; else soon 20 addressed br0 || true; fi
sleep 1

ip -4 -o address show dev br0 scope global |
  sed -E 's/.* inet ([^ ]+) .*/address \1/; s/\.5[0-9]\//.5x\//'
ip -6 -o address show dev br0 scope global | sed -E 's/.* inet6 ([^ ]+) .*/address \1/'
ip -4 route show default | sed -E 's/ (proto|src|metric) [^ ]+//g; s/ *(onlink)? *$//'
ip -6 route show default | sed -E 's/ (proto|src|metric|pref) [^ ]+//g; s/ *$//'
say joined is_port
say port-addressed addressed eno1
[[ $addressing == dhcp ]] ||
  say link-local test -n "$(ip -6 -o address show dev br0 scope link)"
say ping-out ping -c1 -W2 192.0.2.1

ip link add gv type veth peer name ens netns guest
ip link set dev gv master br0 up
ip -n guest address add 192.0.2.200/24 dev ens
ip -n guest link set dev ens up
say guest-out soon 10 ip netns exec guest ping -c1 -W1 192.0.2.1
if [[ -e /run/log ]]; then cat /run/log >&2; fi
