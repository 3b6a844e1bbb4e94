bring_up
ip netns add guest
sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip link add port0 type veth peer name eth0 netns guest address 52:54:00:00:00:07
ip link set port0 master virbr7 up
bridge link set dev port0 isolated on
ip -n guest link set eth0 up
tc qdisc add dev virbr7 root handle 1: htb default 2
ip netns exec guest busybox udhcpc -i eth0 -q -n -t 8 -T 2 -s /bin/true >&2
dump >"$out/before"
"$1" capture -o "$out/capture" >&2
dump >"$out/after"
