bring_up
ip netns add apart
ip netns exec apart ip link set lo up
ip -n apart link add inside type bridge
ip -n apart address add 198.51.100.1/24 dev inside
ip -n apart link set inside up
ip netns exec apart sysctl -qw net.ipv4.conf.inside.route_localnet=1
ip netns exec apart dnsmasq --interface=inside --bind-interfaces --except-interface=lo \
  --dhcp-range=198.51.100.9,198.51.100.19 --dhcp-leasefile=/run/apart.leases --pid-file= \
  -C /dev/null
"$1" capture -o "$out/named" --netns apart >&2
"$1" capture -o "$out/path" --netns /run/netns/apart >&2
"$1" capture -o "$out/outside" >&2
