# Beside a real firewalld, which has a zone of libvirt's or none. $1: the program.
program=$1
mkdir -p /run/dbus /etc/firewalld/zones /run/log
mount -t tmpfs tmpfs /var/log
rm -rf /etc/firewalld/zones/* /etc/firewalld/policies/* 2>/dev/null || true
cat >/etc/firewalld/firewalld.conf <<'CONF'
DefaultZone=public
CleanupOnExit=yes
FirewallBackend=nftables
CONF
cat >/etc/firewalld/zones/libvirt.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<zone target="ACCEPT"><short>libvirt</short><service name="dhcp"/><service name="dns"/></zone>
XML
dbus-daemon --system --fork --nopidfile
firewalld --nofork >/run/firewalld.log 2>&1 &
for _ in $(seq 200); do firewall-cmd --state >/dev/null 2>&1 && break; sleep 0.1; done
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
zone() { firewall-cmd --get-zone-of-interface=virbr0 2>&1 || true; }
"$program" apply --firewall lanwright /run/default.xml | grep zone
zone
"$program" apply /run/default.xml
firewall-cmd --reload >/dev/null
echo "reloaded: $(nft list tables | grep -c lanwright) table"
"$program" apply /run/default.xml | tail -n 1
zone
"$program" down default | grep zone
zone
