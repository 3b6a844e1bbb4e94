# One DHCP host more is a file and a signal; a changed subnet, another bridge name, a network that
# is not named any more.
how=(--firewall lanwright --links iproute2)
others
one=$(network one virbr1 "<forward mode='nat'/>" "$(subnet 1)")
two=$(network two virbr2 "<forward mode='nat'/>" "$(subnet 2)")
apply "$one" "$two"
before=$(holds)
first=$(server one) second=$(server two)

sed -i "s|<host |<host mac='52:54:00:66:00:02' name='new' ip='10.66.1.12'/>\n      &|" "$one"
plans 1 --format json "$one"
[[ $(grep -c '"impact"' /run/said) == 2 ]] || fail "more than a file and a signal: $(cat /run/said)"
grep -q '"impact": *"reload"' /run/said || fail "no reload: $(cat /run/said)"
apply "$one"
[[ $(server one) == "$first" ]] || fail "dnsmasq was started anew for a host"
serves one
files() { grep -v hostsfile; }
unlike "$(files <<<"$before")" "$(holds | files)" "a DHCP host"
grep -q 10.66.1.12 /run/lanwright/dnsmasq/one.hostsfile || fail "the host is not in the file"
settled "$one" "$two"

# ---- Another subnet: the bridge stays, the other network is not touched.
index=$(cat /sys/class/net/virbr1/ifindex)
sed -i 's/10\.66\.1\./10.66.9./g' "$one"
apply "$one"
[[ $(cat /sys/class/net/virbr1/ifindex) == "$index" ]] || fail "the bridge was made anew"
[[ $(ip -o address show dev virbr1) == *10.66.9.1/24* ]] || fail "no new address"
[[ $(ip -o address show dev virbr1) != *10.66.1.1/24* ]] || fail "the old address is left"
[[ $(nft list table inet lanwright) != *10.66.1.0/24* ]] || fail "rules of the old subnet are left"
[[ $(server two) == "$second" ]] || fail "the other dnsmasq was started anew"
settled "$one" "$two"

# ---- Another bridge name.
sed -i 's/virbr1/virbr7/' "$one"
apply "$one"
! ip link show dev virbr1 2>/dev/null || fail "the old bridge is left"
[[ $(ip -o link show dev virbr7 up) == *virbr7* ]] || fail "the new bridge is not up"
[[ $(nft list table inet lanwright) != *virbr1* ]] || fail "rules of the old bridge are left"
serves one
settled "$one" "$two"

# ---- Only what is named stays.
apply --prune "$two"
! ip link show dev virbr7 2>/dev/null || fail "what was not named is left"
[[ $(server two) == "$second" ]] || fail "the other dnsmasq was started anew"
settled "$two"

# ---- Another encoding: the old rules go, the others' stay.
for firewall in libvirt-nftables iptables lanwright; do
  how=(--firewall "$firewall" --links iproute2)
  plans 1 "$two"
  apply "$two"
  settled "$two"
done
[[ $(nft list tables) != *libvirt_network* ]] || fail "libvirt's tables are left"
[[ $(iptables-legacy-save) != *LIBVIRT* ]] || fail "libvirt's chains are left"
[[ $(iptables-legacy-save) == *SITE* ]] || fail "others' chains are gone"

# ---- Networks whose addresses overlap share rules: those of one stay when the other changes.
inner=$(network inner virbr8 "<forward mode='nat'/>" "$(subnet 40)")
outer=$(network outer virbr9 "<forward mode='nat'/>" \
  "  <ip address='10.66.32.1' netmask='255.255.224.0'/>")
apply --prune "$inner" "$outer"
settled "$inner" "$outer"
sed -i 's/10\.66\.32\.1/10.66.32.2/' "$outer"
apply "$outer"
settled "$inner" "$outer"
ends 0 "$LANWRIGHT" down outer
settled "$inner"
[[ $(nft list map inet lanwright snat4) == *10.66.40.0/24* ]] || fail "the inner one is not NATed"
