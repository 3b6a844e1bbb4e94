# States that are kept, and the way back to them.
how=(--firewall lanwright --links iproute2)
others
empty=$(holds | similar)
one=$(network one virbr1 "<forward mode='nat'/>" "$(subnet 1)")
two=$(network two virbr2 "<forward mode='nat'/>" "$(subnet 2)")
ends 2 "$LANWRIGHT" revert
apply "$one"
first=$(holds | similar)
apply "$two"
second=$(holds | similar)
ends 0 "$LANWRIGHT" revert
unlike "$first" "$(holds | similar)" "a revert"
plans 0 "$one"
ends 0 "$LANWRIGHT" revert
without() { grep -vE 'ip_forward|all/forwarding|^default |/conf/default'; }
unlike "$(without <<<"$empty")" "$(holds | similar | without)" "a revert to nothing"
ends 0 "$LANWRIGHT" revert --to 2
unlike "$second" "$(holds | similar)" "a revert to a later state"
ends 0 "$LANWRIGHT" revert --to 0
unlike "$(without <<<"$empty")" "$(holds | similar | without)" "a revert to state 0"
ends 2 "$LANWRIGHT" revert --to 99
said "no such state"

# ---- Ten are kept, of many.
for number in {1..13}; do
  sed -i "s/10\.66\.1\.1[0-9]*' *\/>/10.66.1.$((10 + number))'\/>/" "$one"
  apply "$one"
done
ends 0 "$LANWRIGHT" revert --list
[[ $(wc -l </run/said) == 10 ]] || fail "not ten states: $(cat /run/said)"
[[ $(grep -c '(now)' /run/said) == 1 ]] || fail "no state of now: $(cat /run/said)"
[[ $(find /var/lib/lanwright/networks -type f | wc -l) -le 12 ]] || fail "networks are left over"
# Oldest of them; then what is in no state is not there to go back to.
ends 0 "$LANWRIGHT" revert --to "$(tail -1 /run/said | awk '{ print $1 }')"
ends 2 "$LANWRIGHT" revert --to 1
