# Host bridges: one that takes the host's only cable and gives it back, one that is there already;
# and networks that need no bridge.
how=(--firewall lanwright --links iproute2)
others
ip netns add far
ip link add eth0 type veth peer name port netns far
ip -n far address add 192.0.2.1/24 dev port
ip -n far link set port up
ip address add 192.0.2.10/24 brd + dev eth0
ip link set eth0 up
ip route add default via 192.0.2.1
sleep 0.1
before=$(links)
cat >/run/br0.xml <<'END'
<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/></network>
END
uplink=br0=eth0,static,192.0.2.10/24,gateway=192.0.2.1
plans 1 --uplink "$uplink" /run/br0.xml
apply --uplink "$uplink" /run/br0.xml
ping -qnc1 -W2 192.0.2.1 >/dev/null || fail "the gateway cannot be reached"
[[ $(ip -o link show eth0) == *'master br0'* ]] || fail "the uplink is no port"
[[ $(ip -o address show dev eth0) != *192.0.2.10* ]] || fail "the uplink keeps its address"
settled --uplink "$uplink" /run/br0.xml
ip address del 192.0.2.10/24 dev br0
plans 1 --uplink "$uplink" /run/br0.xml
apply --uplink "$uplink" /run/br0.xml
ping -qnc1 -W2 192.0.2.1 >/dev/null || fail "the gateway cannot be reached after mending"
settled --uplink "$uplink" /run/br0.xml
for _ in 1 2; do
  ends 0 "$LANWRIGHT" down lan
  unlike "$before" "$(links)" "a bridge that came and went"
  ping -qnc1 -W2 192.0.2.1 >/dev/null || fail "the gateway cannot be reached after 'down'"
  ends 0 "$LANWRIGHT" revert
  ping -qnc1 -W2 192.0.2.1 >/dev/null || fail "the gateway cannot be reached after 'revert'"
done
ends 0 "$LANWRIGHT" down lan

# ---- What the port gets back is what it had last, not what it had at any time before.
ip address del 192.0.2.10/24 dev eth0
ip address add 192.0.2.20/24 brd + dev eth0
ip route replace default via 192.0.2.1
before=$(links)
apply --uplink "${uplink/.10/.20}" /run/br0.xml
ends 0 "$LANWRIGHT" down --all
unlike "$before" "$(links)" "a bridge that came with another address and went"

# ---- A bridge that is there stays as it is.
ip link add br7 type bridge
ip link set br7 up
sed 's/br0/br7/; s/lan/there/' /run/br0.xml >/run/br7.xml
cat >/run/mac.xml <<'END'
<network><name>mac</name><forward mode='bridge'><interface dev='eth0'/></forward></network>
END
before=$(holds)
for file in /run/br7.xml /run/mac.xml; do
  apply "$file"
  settled "$file"
done
ends 0 "$LANWRIGHT" down --all
unlike "$before" "$(holds)" "networks that need nothing"
