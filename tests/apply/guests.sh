# Guests on a bridge: none of their packets is lost to what does not concern them, and a bridge with
# ports is changed in place.
how=(--firewall lanwright --links iproute2)
others
one=$(network one virbr1 "<forward mode='nat'/>" "$(subnet 1)")
two=$(network two virbr2 "<forward mode='nat'/>" "$(subnet 2)")
apply "$one" "$two"
for guest in 1 2; do
  ip netns add "guest$guest"
  ip link add "vnet$guest" type veth peer name eth0 netns "guest$guest"
  ip link set "vnet$guest" master virbr1 up
  ip -n "guest$guest" address add "10.66.1.5$guest/24" dev eth0
  ip -n "guest$guest" link set eth0 up
done
# The spanning tree first listens.
for _ in {1..100}; do
  if ip netns exec guest1 ping -qnc1 -W1 10.66.1.52 >/dev/null; then break; fi
  sleep 0.1
done

ip netns exec guest1 ping -qni 0.01 10.66.1.52 >/run/ping-guest &
beside=$!
ip netns exec guest1 ping -qni 0.01 10.66.1.1 >/run/ping-host &
host=$!
three=$(network three virbr3 "<forward mode='route'/>" "$(subnet 3)")
apply "$three"
sed -i 's/10\.66\.2\./10.66.8./g' "$two"
apply "$two"
ends 0 "$LANWRIGHT" down three
ends 0 "$LANWRIGHT" revert
sed -i "s|<host |<host mac='52:54:00:66:00:02' name='new' ip='10.66.1.12'/>\n      &|" "$one"
apply "$one"
ip address add 10.66.1.99/32 dev virbr1
kill -INT "$beside" "$host"
wait "$beside" "$host" || true
for file in /run/ping-guest /run/ping-host; do
  [[ $(cat "$file") == *' 0% packet loss'* ]] || fail "packets are lost: $(cat "$file")"
done

# ---- Changed in place: the ports stay, as does an address of somebody else's.
index=$(cat /sys/class/net/virbr1/ifindex)
sed -i "s/stp='on'/stp='off'/; s/10\.66\.1\./10.66.9./g" "$one"
apply "$one"
[[ $(cat /sys/class/net/virbr1/ifindex) == "$index" ]] || fail "the bridge was made anew"
[[ $(cat /sys/class/net/virbr1/bridge/stp_state) == 0 ]] || fail "the spanning tree is still on"
for guest in 1 2; do
  [[ $(ip -o link show "vnet$guest") == *'master virbr1'* ]] || fail "vnet$guest fell off"
done
[[ $(ip -o address show dev virbr1) == *10.66.1.99/32* ]] || fail "somebody else's address is gone"

# ---- Gone, the ports are left alone, without a bridge.
ends 0 "$LANWRIGHT" down one
for guest in 1 2; do
  [[ $(ip -o link show "vnet$guest") != *master* ]] || fail "vnet$guest has a bridge"
done
