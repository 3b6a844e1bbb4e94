# A static uplink whose gateway does not answer, and a session that comes in through it. $1: the
# program.
program=$1
ip netns add far
ip link add eth0 type veth peer name port netns far
ip -n far address add 192.0.2.1/24 dev port
ip -n far link set port up
ip address add 192.0.2.10/24 brd + dev eth0
ip link set eth0 up
ip route add default via 192.0.2.1
cat >/run/br0.xml <<'XML'
<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/></network>
XML
holds() { ip -br address show dev eth0 | grep -c 192.0.2.10 || true; }
apply() {
  local code=0
  "$program" apply --links iproute2 --uplink "br0=eth0,static,192.0.2.10/24,gateway=$1" "${@:2}" \
    /run/br0.xml >/run/out 2>&1 || code=$?
  echo "exit $code, eth0 has it $(holds)"
}
apply 192.0.2.99
grep -o 'the gateway 192.0.2.99 does not answer within 15 s; everything was put back' /run/out
ip route show default
ping -qnc1 -W2 192.0.2.1 >/dev/null && echo "reached"
export SSH_CONNECTION="192.0.2.1 50000 192.0.2.10 22"
apply 192.0.2.1
grep -o "this session came in through 'eth0', which changes: --confirm 60" /run/out
apply 192.0.2.1 --no-confirm
ping -qnc1 -W2 192.0.2.1 >/dev/null && echo "reached"
