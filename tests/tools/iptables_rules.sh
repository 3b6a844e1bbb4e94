# Loads each ruleset of the folder $1 in a network of its own, and writes what the tools then say
# into the folder $2: NAME.save, NAME.counted (with counters), NAME.TABLE.list (as commands).
#
# $3 is iptables or ip6tables, $4 legacy or nft. Where the kernel lacks an extension, NAME.kept is
# what was left to load, and NAME.lacking names the extensions.

export rulesets=$1 said=$2 tool=$3-$4
export family=inet known=/proc/net/ip_tables
[[ $3 == ip6tables ]] && family=inet6 known=/proc/net/ip6_tables

# A file that connlabel complains about where it is missing.
mkdir -p /etc/xtables
echo "127 named" >/etc/xtables/connlabel.conf

load() { # FILE
  local counters=()
  grep -q '^\[' "$1" && counters=(--counters)
  "$tool-restore" "${counters[@]}" <"$1"
}

# The extensions that a rule names and the kernel does not know.
lacking() { # RULE
  local flag=
  for word in $1; do
    case $flag in
      -m | --match) grep -qx -- "$word" "${known}_matches" || echo "match $word" ;;
      -j | --jump)
        # Verdicts and chains are no extensions.
        [[ $word =~ ^(ACCEPT|DROP|RETURN)$ ]] || grep -q "^:$word " "$file" ||
          grep -qx -- "$word" "${known}_targets" || echo "target $word"
        ;;
    esac
    flag=$word
  done
}

# Leaves out the rules whose extensions the kernel lacks.
without_lacking() { # FILE
  local missing
  while IFS= read -r line; do
    missing=
    case $line in -* | '['*) missing=$(lacking "$line") ;; esac
    if [[ $missing ]]; then
      echo "$missing" >>"$said/$name.lacking"
    else
      echo "$line"
    fi
  done <"$1"
}

one() { # FILE
  name=$(basename "$1" .rules) file=$1
  ipset create hosts hash:ip family "$family" counters skbinfo
  ipset create pairs hash:ip,port family "$family" counters
  if ! load "$file" 2>/dev/null; then
    without_lacking "$file" >"$said/$name.kept"
    load "$said/$name.kept"
  fi
  "$tool-save" >"$said/$name.save"
  "$tool-save" --counters >"$said/$name.counted"
  sed -n 's/^\*//p' "$said/$name.save" | while read -r table; do
    "$tool" --table "$table" --list-rules >"$said/$name.$table.list"
  done
}

export -f load lacking without_lacking one
for file in "$rulesets"/*.rules; do
  # A network of its own, whose /proc/net shows what it knows.
  unshare --net bash -euo pipefail -c 'one "$1"' one "$file" || echo "$(basename "$file")" >&2
done
