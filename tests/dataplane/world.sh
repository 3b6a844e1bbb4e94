# A host with one network and two uplinks, brought up from an artifact tree with plain tools, and
# asked over real packets what the network does.
#
#   guest1, guest2 -- veth -- virbr7 [the room: the host] -- eth0 -- far1
#                                                         -- eth1 -- far2
#
# $1: the tree. $2: the encoding to load: lanwright, libvirt, iptables-nft or iptables-legacy.
# $3: 1 for a network with IPv6. Prints one "check result" line for each check.
tree=$1 encoding=$2 with_ipv6=$3
work=/run/world
mkdir -p "$work"

# ---- Links, addresses and the two far ends, which know the way back: only rules can stop them.
for space in guest1 guest2 far1 far2; do
  ip netns add "$space"
  ip -n "$space" link set lo up
done
ip link add eth0 type veth peer name port netns far1
ip link add eth1 type veth peer name port netns far2
ip address add 198.51.100.2/24 dev eth0
ip address add 203.0.113.2/24 dev eth1
ip -n far1 address add 198.51.100.1/24 dev port
ip -n far2 address add 203.0.113.1/24 dev port
ip address add 2001:db8:1::2/64 dev eth0 nodad
ip -n far1 address add 2001:db8:1::1/64 dev port nodad
for uplink in eth0 eth1; do ip link set "$uplink" up; done
for space in far1 far2; do ip -n "$space" link set port up; done
ip route add default via 198.51.100.1
ip -n far1 route add 192.168.77.0/24 via 198.51.100.2
ip -n far2 route add 192.168.77.0/24 via 203.0.113.2
ip -n far1 route add fd00:77::/64 via 2001:db8:1::2
# Some other network made the host forward; an isolated one does not ask for it itself.
sysctl -qw net.ipv4.ip_forward=1

# ---- The network, as an administrator would load it: the firewall before there is anything to
# reach, the addresses, the settings, the services.
mkdir -p /etc/lanwright
cp -r "$tree/dnsmasq" /etc/lanwright/dnsmasq
conf=/etc/lanwright/dnsmasq/dut.conf
# What the unit's RuntimeDirectory= and StateDirectory= do.
sed -nE 's/^(pid-file|dhcp-leasefile)=(.*)\/[^/]*$/\2/p' "$conf" | xargs -r mkdir -p
sed -nE 's/^dhcp-leasefile=(.*)\/[^/]*$/\1/p' "$conf" | xargs -r chmod 1777
case $encoding in
  lanwright | libvirt) nft -f "$tree/firewall/$encoding.nft" ;;
  iptables-*)
    variant=${encoding#iptables-}
    for family in iptables ip6tables; do
      file=$tree/firewall/$family.rules
      if [[ -e $file ]]; then "$family-$variant-restore" "$file"; fi
    done ;;
esac
ip -batch "$tree/iproute2/dut.batch"
sysctl -q -p "$tree/sysctl/60-lanwright.conf"
dnsmasq --conf-file="$conf"

# ---- The guests.
cat >"$work/on-lease" <<'SCRIPT'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip address replace "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route replace default via "$router"
echo "$ip/$mask router=$router dns=$dns domain=$domain hostname=$hostname" >"$LEASE"
SCRIPT
chmod +x "$work/on-lease"
for number in 1 2; do
  ip link add "tap$number" type veth peer name ens netns "guest$number"
  ip -n "guest$number" link set ens address "52:54:00:00:77:0$number"
  ip link set "tap$number" master virbr7 up
  ip -n "guest$number" link set ens up
done
for _ in {1..100}; do
  [[ $(bridge link show dev tap2) == *"state forwarding"* ]] && break
  sleep 0.1
done
for number in 1 2; do
  LEASE=$work/lease$number timeout 25 ip netns exec "guest$number" \
    busybox udhcpc -i ens -f -n -q -t 6 -T 2 -s "$work/on-lease" >"$work/udhcpc$number" 2>&1 &
done
wait

lease() { cat "$work/lease$1" 2>/dev/null || echo none; }
echo "lease-reserved $(lease 1)"
second=$(lease 2)
echo "lease-from-range $(sed -E "s/^(192\.168\.77\.)1[0-9][0-9]\/24 .*/\11xx/" <<<"$second")"
# What follows does not depend on the leases.
second=${second%%/*}
if [[ $(lease 1) == none ]]; then ip -n guest1 address add 192.168.77.11/24 dev ens; fi
if [[ $second == none ]]; then
  second=192.168.77.100
  ip -n guest2 address add "$second/24" dev ens
fi
# An isolated network hands out no route: guests that try all the same must be stopped.
for number in 1 2; do ip -n "guest$number" route replace default via 192.168.77.1; done

# ---- Listeners that answer with the address they see.
# They read before they answer: an answer to a peer that is still writing would be lost.
answer='SYSTEM:read -r hello; echo $SOCAT_PEERADDR'
listen() { # SPACE LISTENER
  ip netns exec "$1" socat "$2,fork,reuseaddr" "$answer" 2>/dev/null &
}
for space in guest1 guest2 far1 far2; do listen "$space" TCP-LISTEN:7001; done
listen far1 UDP-LISTEN:7002
listen far1 TCP6-LISTEN:7006
listen guest1 TCP6-LISTEN:7006
socat TCP-LISTEN:7001,fork,reuseaddr "$answer" 2>/dev/null &
ip netns exec far1 socat -u TCP-LISTEN:7003,fork,reuseaddr \
  SYSTEM:"echo \$SOCAT_PEERPORT >$work/source-port" 2>/dev/null &
for space in guest1 guest2 far1 far2; do
  for _ in {1..50}; do
    [[ -n $(ip netns exec "$space" ss -Hltn 'sport = 7001') ]] && break
    sleep 0.1
  done
done

# ---- The checks.
reach() { # CHECK SPACE ADDRESS: what the far end says, or how it failed
  local seen
  seen=$(ip netns exec "$2" timeout 5 socat -T 3 - "$3" 2>"$work/why" <<<hello | head -n 1 |
    tr -d '[]') || true
  if [[ -z $seen ]]; then
    case $(<"$work/why") in
      *refused*) seen=refused ;;
      *unreachable*) seen=unreachable ;;
      *) seen=silent ;;
    esac
  fi
  echo "$1 $seen"
}
pings() { # CHECK SPACE ARGUMENTS…
  local check=$1 space=$2 answer=no
  shift 2
  if ip netns exec "$space" ping -n -q -c 1 -W 2 "$@" >/dev/null 2>&1; then answer=yes; fi
  echo "$check $answer"
}
asks() { # CHECK DIG-ARGUMENTS…
  local check=$1 answer
  shift
  answer=$(ip netns exec guest1 dig +time=2 +tries=2 +short @192.168.77.1 "$@" | grep -v '^;' |
    head -n 1) || true
  echo "$check ${answer:-none}"
}

asks dns-fixed-host fixed.dut.example
asks dns-lease-host one.dut.example
asks dns-over-tcp +tcp fixed.dut.example
asks dns-reverse -x 192.168.77.77
status=$(ip netns exec guest1 dig +time=2 +tries=2 @192.168.77.1 nosuch.dut.example |
  sed -nE 's/.*status: ([A-Z]+),.*/\1/p') || true
echo "dns-local-only ${status:-none}"

pings ping-host guest1 192.168.77.1
pings ping-guest guest1 "$second"
pings ping-out guest1 198.51.100.1
pings ping-in far1 192.168.77.11
reach tcp-host guest1 TCP:192.168.77.1:7001,connect-timeout=3
reach tcp-guest guest1 "TCP:$second:7001,connect-timeout=3"
reach tcp-out guest1 TCP:198.51.100.1:7001,connect-timeout=3
reach tcp-out-second guest1 TCP:203.0.113.1:7001,connect-timeout=3
reach udp-out guest1 UDP:198.51.100.1:7002
reach tcp-in far1 TCP:192.168.77.11:7001,connect-timeout=3
reach tcp-in-second far2 TCP:192.168.77.11:7001,connect-timeout=3

ip netns exec guest1 timeout 4 socat -u - TCP:198.51.100.1:7003,sourceport=700,connect-timeout=3 \
  <<<hello 2>/dev/null || true
for _ in {1..10}; do [[ -s $work/source-port ]] && break; sleep 0.1; done
port=$(cat "$work/source-port" 2>/dev/null) || true
case $port in
  '') port=none ;;
  700) port=kept ;;
  *) if ((port >= 1024)); then port=moved; fi ;;
esac
echo "low-source-port $port"

# A source that is not the network's, with a route back so that only rules can stop it.
ip -n guest1 address add 192.0.2.99/32 dev ens
ip -n far1 route add 192.0.2.99/32 via 198.51.100.2
ip route add 192.0.2.99/32 dev virbr7
pings spoofed-out guest1 -I 192.0.2.99 198.51.100.1

if [[ $with_ipv6 == 1 ]]; then
  for _ in {1..100}; do
    own=$(ip -n guest1 -6 -o address show dev ens scope global -tentative |
      sed -nE 's/.* inet6 (fd00:77:[^/]*)\/64 .*/\1/p' | head -n 1)
    route=$(ip -n guest1 -6 route show default proto ra)
    [[ -n $own && -n $route ]] && break
    sleep 0.1
  done
  if [[ $own == fd00:77::* ]]; then echo "ra-address yes"; else echo "ra-address ${own:-none}"; fi
  if [[ -n $route ]]; then echo "ra-route yes"; else echo "ra-route none"; fi
  pings ping6-out guest1 2001:db8:1::1
  pings ping6-in far1 "$own"
  reach tcp6-out guest1 'TCP6:[2001:db8:1::1]:7006,connect-timeout=3' |
    sed 's/ fd00:0077:.*/ own/'
  reach tcp6-in far1 "TCP6:[$own]:7006,connect-timeout=3"
fi
