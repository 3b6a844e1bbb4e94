# A network that libvirt brought up, made by hand: status, autostart, rules, dnsmasq, a guest's
# lease. $1: the program. $2: the tree that holds rules and dnsmasq's files. $3: libvirt's rules,
# iptables or nftables. $4: the layout that is asked for, or - for none.
program=$1 tree=$2 backend=$3 layout=$4
world

cat >/run/default.xml <<'XML'
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
</network>
XML
sed "s|<ip |<mac address='52:54:00:67:39:f1'/><ip |" /run/default.xml >/run/full.xml

case $backend in
  iptables) iptables-nft-restore <"$tree/firewall/iptables.rules" ;;
  nftables) nft -f "$tree/firewall/libvirt.nft" ;;
esac
ip link add virbr0 address 52:54:00:67:39:f1 type bridge forward_delay 0 stp_state 1
ip address add 192.168.122.1/24 dev virbr0
ip link set virbr0 up
mkdir -p /run/libvirt/network /var/lib/libvirt/dnsmasq /etc/libvirt/qemu/networks/autostart
cp "$tree"/dnsmasq/* /var/lib/libvirt/dnsmasq/
cp /run/full.xml /etc/libvirt/qemu/networks/default.xml
ln -s /etc/libvirt/qemu/networks/default.xml /etc/libvirt/qemu/networks/autostart/default.xml
{
  echo "<networkstatus><class_id bitmap='0-2'/><floor sum='0'/>"
  cat /run/full.xml
  echo "<firewall name='fwRemoval' backend='$backend'/></networkstatus>"
} >/run/libvirt/network/default.xml
# Of libvirt's helper only what it says when dnsmasq starts.
cat >/run/helper <<'SCRIPT'
#!/bin/sh
[ "$1" = init ] || exit 0
tr -d '\n' </var/lib/libvirt/dnsmasq/virbr0.status 2>/dev/null | tr '}' '\n' | sed -nE \
  's/.*"expiry-time": ([0-9]*).*"ip-address": "([^"]*)".*"mac-address": "([^"]*)".*/\1 \3 \2 * */p'
SCRIPT
chmod +x /run/helper
dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/default.conf --leasefile-ro --dhcp-script=/run/helper

attach_guest
first=$(lease)
cat >/var/lib/libvirt/dnsmasq/virbr0.status <<JSON
[{"ip-address": "$first", "mac-address": "52:54:00:00:00:07", "hostname": "web",
  "expiry-time": $(($(date +%s) + 3600))}]
JSON

options=(--take-over)
[[ $layout == - ]] || options+=(--firewall "$layout")
standing before
rules before
code=0
"$program" apply /run/default.xml >/run/out 2>&1 || code=$?
echo "plainly exit $code"
grep -o "the network 'default' on 'virbr0' was left by libvirtd" /run/out
grep -c -e '--take-over' /run/out
code=0
"$program" plan "${options[@]}" /run/default.xml >/run/out 2>&1 || code=$?
echo "plan exit $code"
while_pinging taken "$program" apply "${options[@]}" /run/default.xml
standing taken
rules taken
again=$(lease)
[[ $first == "$again" ]] && echo "the lease stays" || echo "leased $first, then $again"
"$program" apply /run/default.xml
while_pinging back "$program" revert
standing back
rules back
again=$(lease)
[[ $first == "$again" ]] && echo "the lease stays" || echo "leased $first, then $again"
grep -c "\"$first\"" /var/lib/libvirt/dnsmasq/virbr0.status
