# One command, cut short at every call of a tool: the next one goes on from there, or back.
#
# Tools are looked for in /usr/local/sbin first, so that is where the wrappers are. The n-th call of
# any of them ends as /run/how says.
#
# $1: apply, change, down or revert. $2: the encoding. $3: before, after, fail, late or hang.
# $4: look at every so many calls only. $5: the first of them.
scenario=$1 how=(--firewall "$2" --links iproute2) end=$3 stride=$4 point=$5
export LANWRIGHT_TOOL_SECONDS=2

mount -t tmpfs tmpfs /usr/local/sbin
cat >/usr/local/sbin/ip <<'END'
#!/bin/sh
# The n-th call: counted in /run/at, and cut short when it is the one in /run/point.
read -r at </run/at
at=$((at + 1))
echo $at >/run/at
read -r point </run/point
tool=/usr/sbin/${0##*/}
if [ "$at" != "$point" ]; then exec "$tool" "$@"; fi
read -r end </run/how
echo "$0 $*" >/run/cut
case $end in
  before) kill -9 $PPID; exit 1 ;;
  after) "$tool" "$@"; kill -9 $PPID; exit 1 ;;
  fail) echo "this one fails" >&2; exit 1 ;;
  late) "$tool" "$@" >/dev/null; echo "this one fails" >&2; exit 1 ;;
  hang) exec sleep 1000 ;;
esac
END
chmod 755 /usr/local/sbin/ip
for tool in nft tc dnsmasq {iptables,ip6tables}-{legacy,nft}-{save,restore}; do
  cp /usr/local/sbin/ip "/usr/local/sbin/$tool"
done
PATH=/usr/sbin:/usr/bin:/sbin:/bin
whole() {
  echo 0 >/run/at
  echo 0 >/run/point
}
whole
echo "$end" >/run/how

others
# Nothing that fills in checksums: each look at the kernel's traffic control costs six more calls.
dns="  <dns><host ip='10.66.1.77'><hostname>fixed</hostname></host></dns>"
address() { echo "  <ip address='10.66.$1.1' netmask='255.255.255.0'/>"; }
kept=$(network kept virbr2 "<forward mode='route'/>" "$(address 2)")
old=$(network cut virbr1 "<forward mode='nat'/>" "$dns$(address 1)")
mkdir /run/new
cp "$old" /run/new/cut.xml
new=/run/new/cut.xml
sed -i "s/virbr1/virbr3/; s/10\.66\.1\.1/10.66.3.1/; s/>fixed</>other</" "$new"
foreign() {
  local variant
  ip -o link show other0 | sed 's/^[0-9]*//'
  ip -o address show other0 | sed 's/^[0-9]*//'
  nft -s list table inet site
  for variant in legacy nft; do
    "iptables-$variant-save" 2>/dev/null | grep -E '^-A .*(SITE|site|eth9)'
  done
}
theirs=$(foreign)

# What the host holds in the end must not depend on the way.
state() { holds | similar | grep -vE '^/run/lanwright.*pid$'; }
apply "$kept"
empty=$(state)
apply "$old"
at_old=$(state)
apply "$new"
at_new=$(state)
first() {
  case $scenario in
    apply) apply --prune "$kept" ;;
    change | down) apply "$old" ;;
    revert) apply "$old" && apply "$new" ;;
  esac
}
cut_short() {
  case $scenario in
    apply) "$LANWRIGHT" apply "${how[@]}" "$old" ;;
    change) "$LANWRIGHT" apply "${how[@]}" "$new" ;;
    down) "$LANWRIGHT" down cut ;;
    revert) "$LANWRIGHT" revert ;;
  esac
}
# What was wanted, and what it is a way back to.
forth() {
  case $scenario in
    apply) apply "$old" && plans 0 "$old" && unlike "$at_old" "$(state)" "$1" ;;
    change) apply "$new" && plans 0 "$new" && unlike "$at_new" "$(state)" "$1" ;;
    down) apply --prune "$kept" && plans 0 "$kept" && unlike "$empty" "$(state)" "$1" ;;
    revert) apply "$old" && plans 0 "$old" && unlike "$at_old" "$(state)" "$1" ;;
  esac
}
back() {
  case $scenario in
    apply) to=$empty ;;
    change | down) to=$at_old ;;
    revert) to=$at_old ;;
  esac
  ends 0 "$LANWRIGHT" revert
  unlike "$to" "$(state)" "$1"
}

points=0
while :; do
  first
  echo 0 >/run/at
  echo "$point" >/run/point
  rm -f /run/cut
  code=0
  cut_short >/run/cut-said 2>&1 || code=$?
  [[ -e /run/cut ]] || break
  what="$scenario, cut short ($end) at call $point, '$(cat /run/cut)', which ended with $code: \
$(cat /run/cut-said)
then"
  whole
  # A journal is there where something was begun and not ended: only then is there a way back.
  if [[ -e /var/lib/lanwright/journal && $((points % 2)) == 1 ]]; then
    back "$what a way back that"
  else
    forth "$what an apply that"
  fi
  [[ ! -e /var/lib/lanwright/journal ]] || fail "$what: a journal is left"
  unlike "$theirs" "$(foreign)" "$what"
  points=$((points + 1)) point=$((point + stride))
done
whole
ends 0 "$LANWRIGHT" down --all
unlike "$theirs" "$(foreign)" "the end"
echo "$points"
