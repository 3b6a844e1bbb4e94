# A host made of the artifact tree $2: the program is $1, and what is kept goes to $3.
tree=$2 out=$3

# Brings up the network lab; the rules are loaded in two of the layouts.
bring_up() {
  nft -f "$tree/firewall/lanwright.nft"
  iptables-nft-restore <"$tree/firewall/iptables.rules"
  ip6tables-nft-restore <"$tree/firewall/ip6tables.rules"
  ip -batch "$tree/iproute2/lab.batch"
  sysctl -qp "$tree/sysctl/60-lanwright.conf"
  mkdir -p /run/lanwright/dnsmasq /var/lib/lanwright/dnsmasq /etc/lanwright
  cp -r "$tree/dnsmasq" /etc/lanwright/
  dnsmasq --conf-file=/etc/lanwright/dnsmasq/lab.conf
}

# Everything that capturing looks at and that does not change by itself, in one text.
dump() (
  set +e
  ip -br link; ip addr; ip route show table all; ip -6 route show table all
  bridge -d link; bridge fdb; tc qdisc | sed 's/direct_packets_stat [0-9]*//'
  nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'
  iptables-legacy-save | sed '/^#/d; s/\[[0-9:]*\]//'
  cat /proc/modules /proc/net/ip_tables_names
  find /etc/lanwright /var/lib /run/lanwright -type f -exec md5sum {} + | sort
  true
) 2>/dev/null
