bring_up
ip netns add apart
ip netns exec apart ip link set lo up
ip -n apart link add inside type bridge
ip -n apart address add 198.51.100.1/24 dev inside
ip -n apart link set inside up
ip netns exec apart sysctl -qw net.ipv4.conf.inside.route_localnet=1
mkdir -p /run/apart/more
printf 'bind-interfaces\nconf-dir=/run/apart/more\n' >/run/apart/inside.conf
printf '%s\n' interface=inside dhcp-range=198.51.100.9,198.51.100.19,255.255.255.0 \
  dhcp-hostsfile=/run/apart/fixed >/run/apart/more/range
printf '52:54:00:00:00:09,198.51.100.9,db\n' >/run/apart/fixed
ip netns exec apart dnsmasq -I lo --pid-file= -C /run/apart/inside.conf \
  --dhcp-leasefile=/run/apart/leases
printf '0 52:54:00:00:00:09 198.51.100.9 db *\n' >/run/apart/leases
"$1" capture -o "$out/named" --netns apart >&2
"$1" capture -o "$out/path" --netns /run/netns/apart >&2
"$1" capture -o "$out/outside" >&2
