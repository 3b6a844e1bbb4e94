# A network that a real libvirtd runs is taken from it, libvirtd is started anew, and the network is
# given back. $1: the program. $2: libvirt's rules, iptables or nftables. $3: the layout that is
# asked for.
program=$1 backend=$2 layout=$3
world
mount -t tmpfs tmpfs /var/log
mkdir -p /run/libvirt /var/lib/libvirt/{dnsmasq,network,qemu} /run/shims
rm -f /etc/libvirt/qemu/networks/*.xml /etc/libvirt/qemu/networks/autostart/*
printf 'auth_unix_rw="none"\nauth_unix_ro="none"\nunix_sock_group="root"\n' \
  >/etc/libvirt/libvirtd.conf
echo "firewall_backend = \"$backend\"" >/etc/libvirt/network.conf
# libvirt's rules for nft want a filter that not every kernel has.
cat >/run/shims/tc <<'SCRIPT'
#!/bin/sh
PATH=${PATH#/run/shims:} tc "$@" || true
SCRIPT
chmod +x /run/shims/tc
virsh() { command virsh -q -c network:///system "$@"; }
start_libvirtd() {
  PATH=/run/shims:$PATH libvirtd >/run/libvirtd.log 2>&1 &
  for _ in $(seq 100); do virsh uri >/dev/null 2>&1 && return; sleep 0.1; done
  cat /run/libvirtd.log
}

cat >/run/default.xml <<'XML'
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0'/>
  <mac address='52:54:00:67:39:f1'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp>
  </ip>
</network>
XML
start_libvirtd
virsh net-define /run/default.xml
virsh net-start default
virsh net-autostart default
attach_guest
first=$(lease)

sed -i '/<mac /d; /<bridge /d' /run/default.xml
standing before
code=0
"$program" apply /run/default.xml >/run/out 2>&1 || code=$?
echo "plainly exit $code"
grep -o "libvirtd runs the network 'default' on 'virbr0'" /run/out
while_pinging taken "$program" apply --take-over --firewall "$layout" /run/default.xml
standing taken
again=$(lease)
[[ $first == "$again" ]] && echo "the lease stays" || echo "leased $first, then $again"
while_pinging started start_libvirtd
echo "libvirt says $(virsh net-list --all | awk '{print $1, $2}')"
standing started
"$program" apply /run/default.xml
kill "$(cat /run/libvirt/network/driver.pid)"
while_pinging back "$program" revert
standing back
# It makes its rules anew, and packets are lost meanwhile, as whenever it starts.
start_libvirtd
echo "libvirt says $(virsh net-list --all | awk '{print $1, $2}')"
standing restarted
again=$(lease)
[[ $first == "$again" ]] && echo "the lease stays" || echo "leased $first, then $again"
