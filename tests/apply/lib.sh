# What the rooms of these tests share: networks, other people's things, and looks at the host.
#
# $LANWRIGHT is the program. Everything that a script prints is for the reader of a failure.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Runs the rest, which must end with the status $1; what it said is in /run/said.
ends() {
  local want=$1 got=0
  shift
  "$@" >/run/said 2>&1 || got=$?
  [[ $got == "$want" ]] || fail "'$*' ended with $got, not $want: $(cat /run/said)"
}

# Whether what was said last has this in it.
said() {
  grep -qF -- "$1" /run/said || fail "'$1' is not said in: $(cat /run/said)"
}

never_said() {
  ! grep -qF -- "$1" /run/said || fail "'$1' is said in: $(cat /run/said)"
}

# The options of every plan and apply of a room.
how=()

apply() { ends 0 "$LANWRIGHT" apply "${how[@]}" "$@"; }
plans() { ends "$1" "$LANWRIGHT" plan "${how[@]}" "${@:2}"; }

# A second apply finds nothing to do and leaves everything as it is.
settled() {
  local before report
  before=$(holds)
  plans 0 "$@"
  apply --format json "$@"
  report=$(tr -d ' \n' </run/said)
  [[ $report == *'"changes":[]'* ]] || fail "not settled: $report"
  unlike "$before" "$(holds)" "a second apply"
}

# Fails with the difference, if there is one.
unlike() {
  [[ $1 == "$2" ]] || fail "$3 changed the host: $(diff <(echo "$1") <(echo "$2") || true)"
}

# Everything that matters of the host, without counters and clocks. Handles of nft rules are in it:
# a rule that was made anew has another.
holds() {
  links
  echo '--- rules'
  rules
  echo '--- dnsmasq'
  for file in /run/lanwright/dnsmasq/*.pid; do
    if [[ -e $file ]]; then echo "$file $(<"$file")"; fi
  done
  echo '--- files'
  find /run/lanwright /etc/lanwright -type f ! -name lock ! -name '*.pid' ! -name '*.leases' \
    -exec sha256sum {} + | sort -k2
}

links() {
  echo '--- links'
  ip -br link | sed 's/  *$//' | sort
  bridge link | sed 's/^[0-9]*: //; s/ state [a-z]*//' | sort
  for path in /sys/class/net/*/bridge; do
    if [[ -e $path ]]; then
      echo "$path $(cat "$path"/{stp_state,forward_delay} | tr '\n' ' ')"
    fi
  done
  echo '--- addresses'
  ip -o address | grep -v fe80 | sed -E 's/^[0-9]+: //; s/ *valid_lft.*//; s/ tentative//' | sort
  echo '--- routes'
  {
    ip -4 route show table all
    ip -6 route show table all
  } | grep -vE 'fe80|ff00::' | sort
  echo '--- settings'
  grep -s . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding
  grep -s . /proc/sys/net/ipv6/conf/*/{disable_ipv6,accept_ra,autoconf,accept_dad}
  echo '--- queues'
  tc qdisc | sed 's/qdisc noqueue .*//; s/ refcnt.*//; /^$/d' | sort
}

# Lists chains and maps by their names, and elements by their keys: nft's order is that in which
# they were made.
by_name() {
  awk -v of="$1" '
    /^\t(chain|map|set) / { kind = $1; name = $2 }
    kind == "chain" && NF > 1 { printf "%s %s %03d %s\n", of, name, lines[name]++, $0 }
    kind != "chain" && NF > 1 {
      sub(/^.*elements = { /, ""); sub(/^[ \t]*/, ""); sub(/ }$/, "")
      count = split($0, parts, ", ")
      for (part = 1; part <= count; part++) print of, name, parts[part]
    }' | sed 's/,$//' | sort
}

# Tables of iptables that hold nothing are as good as none.
rules() {
  local variant family name
  nft list tables 2>/dev/null | sort | while read -r _ family name; do
    case "$family $name" in
      ip*' filter' | ip*' nat' | ip*' mangle') ;;
      *) nft -a -s list table "$family" "$name" | by_name "$family $name" ;;
    esac
  done
  for variant in legacy nft; do
    for family in iptables ip6tables; do
      "$family-$variant-save" 2>/dev/null |
        awk -v of="$family-$variant" '
          /^\*/ { table = $1 }
          /^:[^ ]* -/ || /^-A/ { sub(/ \[[0-9:]*\]$/, ""); print of, table, $0 }'
    done
  done
}

# What an administrator has beside us: a bridge with an address, and rules in every kind of table.
others() {
  local variant
  ip link add other0 type bridge
  ip link set other0 addrgenmode none
  ip address add 203.0.113.129/25 dev other0
  ip link set other0 up
  nft -f - <<'END'
table inet site {
  chain input {
    type filter hook input priority 0; tcp dport 22 counter accept comment "site: ssh";
  }
  chain forward { type filter hook forward priority 10; iifname "other0" counter accept; }
}
END
  for variant in legacy nft; do
    "iptables-$variant-restore" <<'END'
*filter
:SITE - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "site: ssh" -j ACCEPT
-A FORWARD -i other0 -j SITE
-A SITE -s 203.0.113.128/25 -j ACCEPT
COMMIT
*nat
-A POSTROUTING -s 203.0.113.128/25 ! -d 203.0.113.128/25 -o eth9 -j MASQUERADE
COMMIT
END
    "ip6tables-$variant-restore" <<'END'
*filter
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
END
  done
}

# One network: its name, bridge, mode, and the elements it has besides. Prints its file.
network() {
  local file=/run/xml/$1.xml
  mkdir -p /run/xml
  cat >"$file" <<END
<network>
  <name>$1</name>
  $3
  <bridge name='$2' stp='on' delay='0'/>
  <mac address='52:54:00:aa:bb:$(printf '%02x' "$(($(cksum <<<"$2" | cut -d' ' -f1) % 256))")'/>
$4
</network>
END
  echo "$file"
}

# The addresses of a network 10.66.$1.0/24 with DHCP.
subnet() {
  echo "  <ip address='10.66.$1.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='10.66.$1.100' end='10.66.$1.200'/>
      <host mac='52:54:00:66:00:01' name='one' ip='10.66.$1.11'/>
    </dhcp>
  </ip>"
}

# The process that serves a network.
server() { cat "/run/lanwright/dnsmasq/$1.pid"; }

serves() {
  [[ -d /proc/$(server "$1") ]] || fail "no dnsmasq serves $1"
}

# What is wrong is said by the plan, mended by an apply that says it too, and then all is as it was,
# but for what is new by nature: handles of rules, numbers of processes.
mends() {
  local what=$1 before=$2 word=$3
  shift 3
  plans 1 "$@"
  said "$word"
  apply "$@"
  said "$word"
  unlike "$(similar <<<"$before")" "$(holds | similar)" "mending $what"
  plans 0 "$@"
}

similar() { sed -E 's/ # handle [0-9]+( \{)?$//; s/\.pid [0-9]+$/.pid/'; }
