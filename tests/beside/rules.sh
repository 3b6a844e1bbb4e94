# Rules of others that shut out guests, on a host with an uplink. $1: the program.
program=$1
ip link add eth0 type veth peer name port
ip address add 198.51.100.2/24 dev eth0
ip link set eth0 up
ip link set port up
ip route add default via 198.51.100.1
cat >/run/default.xml <<'XML'
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
</network>
XML
plan() {
  echo "== $1"; shift
  local code=0
  "$program" plan "$@" /run/default.xml >/run/out 2>&1 || code=$?
  echo "exit $code"
  grep -e '^error' -e '^warning' -e '^note' /run/out | grep -v checksums || true
}
plan "nobody else" --firewall lanwright
iptables-nft -P INPUT DROP
plan "INPUT drops" --firewall lanwright
iptables-nft -I INPUT -p udp --dport 67 -j ACCEPT
iptables-nft -I INPUT -p udp --dport 53 -j ACCEPT
iptables-nft -I INPUT -p tcp --dport 53 -j ACCEPT
plan "INPUT lets in" --firewall lanwright
iptables-nft -P FORWARD DROP
plan "FORWARD drops" --firewall lanwright
plan "FORWARD drops, not chosen"
