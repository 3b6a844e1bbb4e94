# A host with one network and one guest, broken in one way after the other; doctor names each and
# --fix mends it. $1 is the program.
lanwright=$1
cd /run

# Says what doctor says, and wants a line of it that matches.
named() {
  "$lanwright" doctor --xml default.xml > said || test $? = 1
  grep -qi "$1" said || { echo "not said: $1"; cat said; exit 1; }
}

fixed() {
  "$lanwright" doctor --xml default.xml --fix > said 2>&1 || test $? = 1
  grep -q "$1" said && grep -q 'default: it helped' said && return
  echo "no help: $1"
  cat said
  exit 1
}

cat > default.xml <<'XML'
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='off'/>
  <ip address='192.168.122.1' prefix='24'>
    <dhcp><range start='192.168.122.2' end='192.168.122.9'/></dhcp>
  </ip>
</network>
XML

# The host, its uplink, and the outside.
ip netns add outside
ip link add eth0 type veth peer name far
ip link set far netns outside
ip address add 203.0.113.2/24 dev eth0
ip link set eth0 up
ip -n outside address add 203.0.113.1/24 dev far
ip -n outside link set far up
ip route add default via 203.0.113.1

# The network, as it is compiled.
"$lanwright" compile default.xml -o tree --layout libvirt > /dev/null 2>&1
ip -batch tree/iproute2/default.batch
sysctl -q --ignore --load=tree/sysctl/60-lanwright.conf
iptables-restore < tree/firewall/iptables.rules
named 'no dnsmasq runs for virbr0'
mkdir -p /var/lib/libvirt /run/libvirt/network /run/lanwright
cp -r tree/dnsmasq /var/lib/libvirt/dnsmasq
dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/default.conf --user=root --dhcp-leasefile=/run/leases

# The guest, whose end of its device nobody put into the bridge.
ip netns add guest
ip link add vnet0 type veth peer name lan
ip link set lan netns guest
ip link set vnet0 up
ip -n guest link set lan up
named "vnet0 (up) is not in the bridge virbr0"
fixed 'running: ip link set dev vnet0 master virbr0'
ip netns exec guest busybox udhcpc -n -q -i lan -t 5 -T 1 -s /bin/true
ip -n guest address add 192.168.122.5/24 dev lan
ip -n guest route add default via 192.168.122.1
ip netns exec guest ping -c 1 -W 2 203.0.113.1 > /dev/null

# Docker comes: it drops what nobody accepted, and its chain for the administrator is empty.
iptables -F FORWARD
iptables -P FORWARD DROP
iptables -N DOCKER-USER
iptables -A DOCKER-USER -j RETURN
iptables -A FORWARD -j DOCKER-USER
! ip netns exec guest ping -c 1 -W 1 203.0.113.1 > /dev/null
named "Docker's policy of FORWARD"
fixed 'running: iptables -I DOCKER-USER -i virbr0 -j ACCEPT'
ip netns exec guest ping -c 1 -W 2 203.0.113.1 > /dev/null

# Somebody turns forwarding off, then takes the port down.
sysctl -qw net.ipv4.ip_forward=0
named 'does not forward IPv4'
fixed 'running: sysctl -w net.ipv4.ip_forward=1'
ip link set dev vnet0 down
named 'the port vnet0 is down'
fixed 'running: ip link set dev vnet0 up'

# What was never asked for is left alone.
iptables -t nat -F LIBVIRT_PRT
named 'nothing translates the addresses'
fixed 'running: iptables -t nat -A POSTROUTING'
ip netns exec guest ping -c 1 -W 2 203.0.113.1 > /dev/null
