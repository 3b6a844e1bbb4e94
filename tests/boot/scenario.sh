# What happens at each start of the machine, and what has to hold.
set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
start=$(($(cat /out/starts 2>/dev/null || echo 0) + 1))
echo "$start" >/out/starts

say() { echo "[$start] $*" >>/out/log; }

finish() {
  journalctl --boot --no-pager --output=short-monotonic >"/out/journal.$start" 2>&1
  say "$1"
  echo "$1" >/out/verdict
  systemctl poweroff --no-block
  exit
}

# The command has to succeed; what it says goes into the log.
holds() {
  local told
  if told=$("$@" 2>&1); then
    say "holds: $*"
  else
    finish "does not hold at start $start: $*: $told"
  fi
}

fails() { ! "$@"; }

# What systemd passes on to another unit it does not wait for.
soon() {
  local try
  for try in $(seq 100); do
    "$@" && return
    sleep 0.1
  done
  return 1
}

# A guest of a bridge asks for an address, and gets one of this network. It is the same guest at
# every start, so that its lease is known and dnsmasq need not look whether the address is free.
lease() {
  local bridge=$1 expected=$2 got
  ip netns add guest
  ip link add port type veth peer name eth0 netns guest address 52:54:00:00:00:01
  ip link set port master "$bridge" up
  ip -n guest link set eth0 up
  got=$(ip netns exec guest busybox udhcpc -i eth0 -n -q -f -t 40 -T 1 -s /bin/true 2>&1)
  ip netns del guest
  ip link del port 2>/dev/null
  grep -q "lease of $expected" <<<"$got" || { echo "$got"; return 1; }
}

up() {
  holds ip link show "$1"
  holds systemctl is-active --quiet "lanwright-dnsmasq@$2.service"
  holds lease "$1" "$3"
}

again() {
  journalctl --boot --no-pager --output=short-monotonic >"/out/journal.$start" 2>&1
  systemctl reboot --no-block
  exit
}

network() {
  cat <<XML
<network><name>$1</name><forward mode='nat'/><bridge name='$2'/>
<ip address='$3.1' netmask='255.255.255.0'><dhcp><range start='$3.10' end='$3.99'/></dhcp></ip>
</network>
XML
}

rules() { nft list table inet lanwright >/dev/null 2>&1; }

case $start in
  1) # Two networks are applied and are to come up from now on.
    mkdir -p /etc/lanwright/networks
    network one br-one 192.0.2 >/etc/lanwright/networks/one.xml
    network two br-two 198.51.100 >/etc/lanwright/networks/two.xml
    holds fails lanwright boot status
    holds lanwright apply
    holds lanwright apply --dry-run
    up br-one one 192.0.2
    up br-two two 198.51.100
    holds lanwright boot enable
    holds lanwright boot enable
    holds lanwright boot status
    holds systemctl is-active lanwright-watch.timer
    holds systemd-analyze --man=no verify /etc/systemd/system/lanwright-*
    systemd-analyze --no-pager security lanwright-dnsmasq@one.service >/out/security 2>&1
    holds systemctl restart lanwright-dnsmasq@one.service
    up br-one one 192.0.2
    again
    ;;
  2) # They come up by themselves, before what waits for the network.
    up br-one one 192.0.2
    up br-two two 198.51.100
    holds systemctl is-active lanwright-boot.service
    holds lanwright apply --dry-run
    # Rules come back when the firewall is started anew, and when it is reloaded.
    nft flush ruleset
    holds fails rules
    holds systemctl restart nftables.service
    holds soon systemctl is-active --quiet lanwright-assert.service
    holds rules
    nft flush ruleset
    holds systemctl reload nftables.service
    holds soon rules
    # By the timer, where nobody says anything.
    nft flush ruleset
    holds systemctl start lanwright-watch.service
    holds rules
    # What lies in the folder is applied when the unit is reloaded.
    sed -i "s/end='192.0.2.99'/end='192.0.2.50'/" /etc/lanwright/networks/one.xml
    holds systemctl reload lanwright-boot.service
    holds grep -q 192.0.2.50 /run/lanwright/dnsmasq/one.conf
    # A state that nobody confirms is not the one that comes up.
    network three br-three 203.0.113 >/root/three.xml
    holds lanwright apply --confirm 300 /root/three.xml
    up br-three three 203.0.113
    # The timer does not take back what is being tried.
    holds lanwright apply --boot --quiet
    holds ip link show br-three
    again
    ;;
  3)
    up br-one one 192.0.2
    up br-two two 198.51.100
    holds fails ip link show br-three
    holds grep -q 'was not confirmed' /var/lib/lanwright/log
    holds fails lanwright confirm
    # From here on the folder has errors.
    echo '<network>' >/etc/lanwright/networks/two.xml
    again
    ;;
  4)
    up br-one one 192.0.2
    up br-two two 198.51.100
    holds systemctl is-failed lanwright-boot.service
    holds grep -q 'has errors' /var/lib/lanwright/log
    rm -r /etc/lanwright/networks
    # Somebody else takes the address of one of two.
    cat >/etc/systemd/system/taker.service <<UNIT
[Unit]
Before=lanwright-boot.service
[Service]
Type=oneshot
ExecStart=ip link add taker type bridge
ExecStart=ip address add 192.0.2.77/24 dev taker
ExecStart=ip link set taker up
[Install]
WantedBy=lanwright-boot.service
UNIT
    holds systemctl enable taker.service
    # And the disk loses what was written last.
    : >/var/lib/lanwright/generations/2.json
    again
    ;;
  5)
    holds fails ip link show br-one
    up br-two two 198.51.100
    holds systemctl is-failed lanwright-boot.service
    holds grep -q 'going on with state 1' /var/lib/lanwright/log
    holds grep -q "network 'one' did not come up" /var/lib/lanwright/log
    # It comes up once nothing is in its way.
    ip link del taker
    holds systemctl start lanwright-watch.service
    up br-one one 192.0.2
    holds lanwright boot disable
    holds fails lanwright boot status
    holds test -z "$(find /etc/systemd/system -name 'lanwright*' -not -name '*.wants')"
    holds systemctl restart lanwright-dnsmasq@one.service
    holds lanwright down --all
    holds fails ip link show br-one
    # Without units of 'boot enable' apply brings its own, and takes it along.
    network one br-one 192.0.2 >/root/one.xml
    holds lanwright apply /root/one.xml
    up br-one one 192.0.2
    holds test -e /run/systemd/system/lanwright-dnsmasq@.service
    holds lanwright down --all
    left=$(find /run/systemd/system /run/lanwright/dnsmasq -name 'lanwright*' -o -type f)
    holds test -z "$left"
    # A host to which nothing was ever applied, as it was installed.
    holds systemctl disable taker.service
    rm -r /var/lib/lanwright
    mkdir -p /etc/lanwright/networks
    cp /root/one.xml /etc/lanwright/networks/
    holds lanwright boot enable
    # Looking after networks begins none.
    holds systemctl start lanwright-watch.service
    holds fails ip link show br-one
    again
    ;;
  6)
    up br-one one 192.0.2
    holds lanwright boot status
    holds lanwright apply --dry-run
    finish holds
    ;;
esac
