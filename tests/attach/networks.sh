# Two networks of the kinds that guests' ports differ by, applied; a guest is a namespace behind a
# veth. $1 is the program.
lanwright=$1
cd /run

cat > default.xml <<'XML'
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='off'/>
  <bandwidth>
    <inbound average='1000' peak='5000' burst='1024'/>
  </bandwidth>
  <ip address='192.168.122.1' prefix='24'>
    <dhcp><range start='192.168.122.2' end='192.168.122.99'/></dhcp>
  </ip>
  <portgroup name='slow'>
    <bandwidth><inbound average='100'/></bandwidth>
  </portgroup>
</network>
XML
cat > apart.xml <<'XML'
<network>
  <name>apart</name>
  <bridge name='virbr1' stp='off'/>
  <mtu size='1400'/>
  <port isolated='yes'/>
  <ip address='192.0.2.1' prefix='24'>
    <dhcp><range start='192.0.2.2' end='192.0.2.99'/></dhcp>
  </ip>
</network>
XML
cat > known.xml <<'XML'
<network>
  <name>known</name>
  <bridge name='virbr2' stp='off' macTableManager='libvirt'/>
  <ip address='198.51.100.1' prefix='24'/>
</network>
XML

lan() { "$lanwright" "$@" 2> said || { code=$?; cat said; return $code; }; }

# Wants a command to end so, and a line of what it says that matches.
ends() {
  local code=0
  "${@:3}" > said 2>&1 || code=$?
  test $code = "$1" && grep -q -- "$2" said && return
  echo "ended with $code, not $1, or did not say '$2': ${*:3}"
  cat said
  exit 1
}

# A guest of this name behind a veth of this name; its end is 'lan'.
guest() {
  ip netns add "$1"
  ip link add "$2" type veth peer name lan netns "$1"
  ip -n "$1" link set lan up
}

# Asks for a lease; it comes within seconds, or not at all.
lease() { ip netns exec "$1" busybox udhcpc -n -q -i lan -t "$2" -T 1 -s /bin/true; }

lan apply default.xml apart.xml known.xml
