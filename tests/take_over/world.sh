# A host with an uplink and one guest on virbr0, which pings through it while things change.
#
#   guest -- veth -- virbr0 [the room: the host] -- eth0 -- far

# What is beside the bridge.
world() {
  for space in guest far; do
    ip netns add "$space"
    ip -n "$space" link set lo up
  done
  ip link add eth0 type veth peer name port netns far
  ip address add 198.51.100.2/24 dev eth0
  ip -n far address add 198.51.100.1/24 dev port
  ip link set eth0 up
  ip -n far link set port up
  ip route add default via 198.51.100.1
  sysctl -qw net.ipv4.ip_forward=1
  cat >/run/on-lease <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip address replace "$ip/$mask" dev "$interface"
ip route replace default via "$router"
echo "$ip" >/run/leased
SCRIPT
  chmod +x /run/on-lease
}

attach_guest() {
  ip link add vnet0 type veth peer name eth0 netns guest
  ip -n guest link set eth0 address 52:54:00:00:00:07
  ip link set vnet0 master virbr0 up
  ip -n guest link set eth0 up
}

# Asks for an address, for the one that the guest had if it had one.
lease() {
  local had
  had=$(cat /run/leased 2>/dev/null || true)
  rm -f /run/leased
  ip netns exec guest busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -s /run/on-lease \
    ${had:+-r "$had"} >/dev/null 2>&1 || true
  cat /run/leased 2>/dev/null || echo none
}

# Runs a command while the guest pings the far end, and says how many answers are missing.
while_pinging() {
  local what=$1; shift
  ip netns exec guest ping -q -i 0.02 -c 250 198.51.100.1 >/run/ping &
  local pinging=$!
  sleep 0.3
  local code=0
  "$@" >/run/out 2>/run/err || code=$?
  echo "$what exit $code"
  ((code == 0)) || cat /run/out /run/err
  wait "$pinging" || true
  sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' /run/ping |
    { read -r sent received; echo "$what lost $((sent - received))"; }
}

# Whose things are there.
standing() {
  local what=$1
  echo "$what bridge $(ip -j link show virbr0 2>/dev/null |
    grep -o '52:54:00:67:39:f1' || echo gone)"
  echo "$what guest on $(ip -j link show vnet0 | grep -o '"master":"[^"]*"' | cut -d'"' -f4)"
  echo "$what dnsmasq$(pgrep -a -x dnsmasq | grep -o -- '--conf-file=[^ ]*' | sort -u |
    sed 's/.*=/ /' | tr -d '\n')"
  echo "$what status $(test -e /run/libvirt/network/default.xml && echo there || echo gone)"
  echo "$what autostart $(test -L /etc/libvirt/qemu/networks/autostart/default.xml &&
    echo there || echo gone)"
}

# In which layouts rules name the bridge, and how many of them do.
rules() {
  local what=$1
  echo "$what iptables $(iptables-nft-save | grep -c 'virbr0\|192.168.122.0' || true)"
  echo "$what libvirt $(nft list tables 2>/dev/null | grep -c libvirt_network || true)"
  echo "$what lanwright $(nft list tables 2>/dev/null | grep -c lanwright || true)"
}
