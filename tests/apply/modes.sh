# One network of a mode, in one encoding: up, settled, mended, down.
#
# $1: nat, nat6, isolated, route, open. $2: the encoding. $3: for iptables, legacy or nft.
mode=$1 how=(--firewall "$2" --links iproute2) variant=${3:-}
case $variant in
  # The variant in use is the one that has tables; the other is not there.
  legacy) iptables-legacy-restore </dev/null && iptables-legacy -t filter -L >/dev/null ;;
  nft) [[ ! -s /proc/net/ip_tables_names ]] || fail "a new room has legacy tables" ;;
esac
if [[ $variant != nft ]]; then others; fi

forward='' six=''
case $mode in
  nat) forward="<forward mode='nat'/>" ;;
  nat6) forward="<forward mode='nat'><nat ipv6='yes'/></forward>" ;;
  route | open) forward="<forward mode='$mode'/>" ;;
esac
case $mode in
  nat6 | route) six="  <ip family='ipv6' address='fd00:66::1' prefix='64'/>" ;;
esac
one=$(network one virbr1 "$forward" "$(subnet 1)
$six")
two=$(network two virbr2 "<forward mode='nat'/>" "$(subnet 2)")

empty=$(holds)
plans 1 "$one"
said virbr1
unlike "$empty" "$(holds)" "a plan"
apply "$one"

# ---- As declared.
[[ $(ip -o link show dev virbr1 up) == *virbr1* ]] || fail "virbr1 is not up"
[[ $(cat /sys/class/net/virbr1/bridge/stp_state) == 1 ]] || fail "no spanning tree"
[[ $(cat /sys/class/net/virbr1/address) == 52:54:00:aa:bb:* ]] || fail "another MAC address"
[[ $(ip -o address show dev virbr1) == *'inet 10.66.1.1/24'* ]] || fail "no address"
if [[ $six ]]; then
  [[ $(ip -o address show dev virbr1) == *'inet6 fd00:66::1/64'* ]] || fail "no IPv6 address"
  [[ $(</proc/sys/net/ipv6/conf/all/forwarding) == 1 ]] || fail "IPv6 is not forwarded"
else
  [[ $(</proc/sys/net/ipv6/conf/virbr1/disable_ipv6) == 1 ]] || fail "IPv6 is not off"
fi
if [[ $mode != isolated ]]; then
  [[ $(</proc/sys/net/ipv4/ip_forward) == 1 ]] || fail "IPv4 is not forwarded"
fi
serves one
ours() {
  case $how_firewall in
    lanwright) nft list table inet lanwright ;;
    libvirt-nftables) nft list table ip libvirt_network ;;
    iptables) "iptables-$variant-save" | grep -E 'LIBVIRT' ;;
  esac 2>/dev/null || true
}
how_firewall=$2
case $mode in
  open) [[ $(ours) != *virbr1*reject* ]] || fail "an open network is closed" ;;
  *) [[ $(ours) == *virbr1* ]] || fail "no rules for virbr1: $(ours)" ;;
esac
if [[ $mode == nat* ]]; then
  [[ $(ours) == *[mM][aA][sS][qQ]* ]] || fail "nothing is masqueraded"
fi
settled "$one"

# ---- A second network beside it; then nothing that happens to the first touches it.
apply "$two"
settled "$one" "$two"
all=$(holds)
second=$(server two)

mended() {
  local what=$1 word=$2
  shift 2
  "$@" || fail "cannot break: $what"
  mends "$what" "$all" "$word" "$one" "$two"
  [[ $(server two) == "$second" ]] || fail "mending $what started the other dnsmasq anew"
}
mended "an address" 'add 10.66.1.1/24' ip address del 10.66.1.1/24 dev virbr1
mended "a bridge that is down" 'virbr1: set up' ip link set virbr1 down
mended "a spanning tree" 'set stp on' ip link set virbr1 type bridge stp_state 0
mended "a dnsmasq that died" 'one: start dnsmasq' kill -9 "$(server one)"
mended "a conf file" 'one: restart dnsmasq' \
  sed -i 's/^dhcp-range=.*/dhcp-range=10.66.1.50,10.66.1.60/' /run/lanwright/dnsmasq/one.conf
mended "a hosts file" 'one: reload dnsmasq' \
  sed -i 's/10.66.1.11/10.66.1.12/' /run/lanwright/dnsmasq/one.hostsfile
# Without its number a process is found all the same.
rm /run/lanwright/dnsmasq/one.pid
plans 0 "$one" "$two"
mended "a conf file without a number" 'one: restart dnsmasq' \
  sed -i 's/^dhcp-range=.*/dhcp-range=10.66.1.50,10.66.1.60/' /run/lanwright/dnsmasq/one.conf
mended "a bridge that is gone" 'virbr1: create bridge' ip link del virbr1
if [[ $mode != isolated ]]; then
  mended "forwarding" 'net/ipv4/ip_forward: set to 1' sysctl -qw net.ipv4.ip_forward=0
fi
no_rule() {
  case $how_firewall in
    lanwright) set -- inet lanwright ;;
    libvirt-nftables) set -- ip libvirt_network ;;
    iptables)
      local rule
      rule=$("iptables-$variant-save" -t filter | grep -- '-A LIBVIRT.*virbr1' | head -1)
      # shellcheck disable=SC2086
      "iptables-$variant" ${rule/-A/-D}
      return ;;
  esac
  local chain='' line
  while read -r line; do
    case $line in
      chain*) chain=$(cut -d' ' -f2 <<<"$line") ;;
      *virbr1*'# handle '*)
        if [[ $line != *' : '* && $line != chain* ]]; then
          nft delete rule "$@" "$chain" handle "${line##* }"
          return
        fi ;;
    esac
  done < <(nft -a list table "$@" | sed 's/^[[:space:]]*//')
  fail "no rule to delete in: $(nft -a list table "$@")"
}
if [[ $mode != open ]]; then mended "a rule" 'firewall' no_rule; fi
flushed() {
  case $how_firewall in
    lanwright) nft delete table inet lanwright ;;
    libvirt-nftables) nft delete table ip libvirt_network ;;
    iptables)
      for table in filter nat mangle; do
        for chain in $("iptables-$variant-save" -t "$table" |
          sed -n 's/^:\(LIBVIRT_[A-Z]*\).*/\1/p'); do
          "iptables-$variant" -t "$table" -F "$chain"
        done
      done ;;
  esac
}
mended "rules that were flushed" 'firewall' flushed

# ---- One goes, the other stays as it is; then nothing of ours is left.
ends 0 "$LANWRIGHT" down one
! ip link show dev virbr1 2>/dev/null || fail "virbr1 is still there"
[[ $(server two) == "$second" ]] || fail "'down one' started the other dnsmasq anew"
settled "$two"
apply "$one"
ends 0 "$LANWRIGHT" down --all
without() { grep -vE 'ip_forward|all/forwarding|^default |/conf/default'; }
unlike "$(without <<<"$empty")" "$(holds | without)" "'down --all'"
! pgrep -x dnsmasq >/dev/null || fail "a dnsmasq is left"
