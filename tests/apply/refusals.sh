# What is not done, and says why in one line; the host stays as it is.
how=(--firewall lanwright --links iproute2)
others
ip link add eth0 type veth peer name far
ip address add 192.0.2.10/24 dev eth0
ip link set eth0 addrgenmode none up
ip link set far addrgenmode none up
ip route add default via 192.0.2.1
echo 'nameserver 192.0.2.53' >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
before=$(holds)
refuses() {
  local words=$1
  shift
  ends 2 "$LANWRIGHT" apply "${how[@]}" "$@"
  said "$words"
  unlike "$before" "$(holds)" "what was refused"
  plans 2 "$@"
  said "$words"
}
nat="<forward mode='nat'/>"
net() { echo "  <ip address='$1' netmask='$2'/>"; }
refuses "'other0' is there already" "$(network a other0 "$nat" "$(subnet 1)")"
refuses "'eth0' is there already: a device that is no bridge" \
  "$(network b eth0 "$nat" "$(subnet 1)")"
refuses "'eth0', which has the same subnet" \
  "$(network c virbr1 "$nat" "$(net 192.0.2.1 255.255.255.0)")"
refuses "own address 192.0.2.10" "$(network d virbr1 "$nat" "$(net 192.0.2.9 255.255.255.240)")"
refuses "the gateway 192.0.2.1 on 'eth0'" \
  "$(network e virbr1 "$nat" "$(net 192.0.2.2 255.255.255.252)")"
refuses "the host's name server 192.0.2.53" \
  "$(network f virbr1 "$nat" "$(net 192.0.2.49 255.255.255.240)")"
export SSH_CONNECTION='192.0.2.200 50000 192.0.2.10 22'
refuses "192.0.2.200, from where this session is logged in" \
  "$(network g virbr1 "$nat" "$(net 192.0.2.193 255.255.255.240)")"
unset SSH_CONNECTION
plain() {
  echo "<network><name>$1</name><forward mode='bridge'/><bridge name='$2'/></network>" \
    >"/run/xml/$1.xml"
  echo "/run/xml/$1.xml"
}
refuses "the bridge 'br0' is not there" "$(plain h br0)"
refuses "the uplink 'eth7' of 'br0' is not there" --uplink br0=eth7,none "$(plain i br0)"

# ---- An overlap that hides nothing is only a warning.
warned=$(network w virbr1 "$nat" "$(net 192.0.2.129 255.255.255.240)")
apply "$warned"
said "a part of 192.0.2.0/24"
ends 0 "$LANWRIGHT" down w

# ---- What was ours and is somebody else's now.
one=$(network one virbr1 "$nat" "$(subnet 1)")
apply "$one"
ip link del virbr1
ip link add virbr1 type veth peer name virbr1-far
ends 2 "$LANWRIGHT" apply "${how[@]}" "$one"
said "'virbr1' is there already"
ip link del virbr1
apply "$one"

# ---- Errors in one network change nothing, not even for the others.
before=$(holds)
two=$(network two virbr2 "$nat" "$(subnet 2)")
sed 's/255.255.255.0/255.0.255.0/' "$two" >/run/xml/bad.xml
ends 2 "$LANWRIGHT" apply "${how[@]}" "$two" /run/xml/bad.xml
unlike "$before" "$(holds)" "an XML with errors"
ends 2 "$LANWRIGHT" apply "${how[@]}" /run/xml/none.xml
mkdir /run/nothing
ends 2 "$LANWRIGHT" apply "${how[@]}" /run/nothing
ends 2 "$LANWRIGHT" down nobody
unlike "$before" "$(holds)" "what was refused"

# ---- Without privilege.
chmod 755 /run /run/xml
cp "$LANWRIGHT" /run/program
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups /run/program "$@"; }
for command in "apply $one" "down one" "revert" "confirm"; do
  # shellcheck disable=SC2086
  ends 2 nobody $command
  [[ $(wc -l </run/said) == 1 ]] || fail "more than a line: $(cat /run/said)"
  said root
done
unlike "$before" "$(holds)" "what was not permitted"
