# The host's only cable is a manager's, and becomes the port of a bridge and the host's own again.
# $1: the program. $2: the manager, networkd or network-manager.
program=$1 manager=$2
ip netns add outside
ip link add eno1 type veth peer name out netns outside
for inside in lo out; do ip -n outside link set "$inside" up; done
ip -n outside address add 192.0.2.1/24 dev out
soon() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || { echo "not: $*"; return 1; }
    sleep 0.1
  done
}
bus() { dbus-daemon --system --fork --nopidfile; }
case $manager in
  networkd)
    mkdir -p /run/systemd/system /run/systemd/network /run/systemd/netif/{links,leases,lldp}
    chown -R systemd-network:systemd-network /run/systemd/netif
    rm -rf /etc/systemd/network
    mkdir -p /etc/systemd/network
    printf '[Match]\nName=eno1\n[Network]\nAddress=192.0.2.99/24\nGateway=192.0.2.1\n' \
      >/etc/systemd/network/20-wired.network
    bus
    SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd >/run/log 2>&1 & ;;
  network-manager)
    mount -t tmpfs tmpfs /var/lib
    mkdir -p /var/lib/NetworkManager
    rm -rf /etc/NetworkManager
    mkdir -p /etc/NetworkManager/system-connections
    printf '%s\n' '[main]' 'plugins=keyfile' 'dns=none' 'rc-manager=unmanaged' \
      'no-auto-default=*' '[device]' 'carrier-wait-timeout=0' \
      >/etc/NetworkManager/NetworkManager.conf
    printf '%s\n' '[connection]' 'id=wired' 'uuid=6a2c1e9a-8f44-4b54-9d4c-0f1a5a0f8b11' \
      'type=ethernet' 'interface-name=eno1' '[ipv4]' 'method=manual' \
      'address1=192.0.2.99/24,192.0.2.1' '[ipv6]' 'method=disabled' \
      >/etc/NetworkManager/system-connections/wired.nmconnection
    chmod 600 /etc/NetworkManager/system-connections/*
    bus
    NetworkManager --no-daemon >/run/log 2>&1 & ;;
esac
reached() { ping -qnc1 -W1 192.0.2.1; }
soon 20 reached
cat >/run/br0.xml <<'XML'
<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/></network>
XML
apply() {
  local code=0
  "$program" apply --links "$manager" \
    --uplink "br0=eno1,static,192.0.2.10/24,gateway=192.0.2.$2" /run/br0.xml >/run/out 2>&1 ||
    code=$?
  echo "$1 exit $code"
  grep -o 'does not answer within 15 s; everything was put back' /run/out || true
  grep '^nothing to do' /run/out || true
}
who() {
  soon 20 reached && echo "$1 reached"
  echo "$1 on $(ip -o -4 address show scope global | awk '{print $2, $4}' | tr '\n' ' ')"
}
apply unreachable 77
who unreachable
apply first 1
who first
apply second 1
code=0
"$program" down lan >/run/out 2>&1 || code=$?
echo "down exit $code"
((code == 0)) || cat /run/out
who down
ip -br link show br0 2>/dev/null || echo "no bridge"
