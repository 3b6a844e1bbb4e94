# An apply that is to be confirmed, started in a terminal whose whole session is then killed.
how=(--firewall lanwright --links iproute2)
others
one=$(network one virbr1 "<forward mode='nat'/>" "$(subnet 1)")
two=$(network two virbr2 "<forward mode='nat'/>" "$(subnet 2)")
apply "$one"
before=$(holds | similar)
log=/var/lib/lanwright/log

# In a session of its own with a terminal, as one over SSH is.
terminal() {
  cat >/run/session.sh
  setsid script -qec 'bash /run/session.sh' /run/typescript >/dev/null 2>&1 &
  script=$!
}
# The terminal goes: everything in its session is told, then killed.
hang_up() {
  local session
  session=$(cat /run/session)
  kill -HUP -- "-$session" || true
  kill -KILL -- "-$session" || true
  kill -KILL "$script" || true
  wait "$script" 2>/dev/null || true
  [[ -z $(pgrep -s "$session") ]] || fail "the session is not gone: $(pgrep -a -s "$session")"
}
until_there() {
  for _ in {1..600}; do
    if eval "$1" 2>/dev/null; then return; fi
    sleep 0.05
  done
  fail "in vain waited for: $1 (log: $(cat $log 2>/dev/null) said: $(cat /run/apply-said))"
}

case $1 in
  lost)
    terminal <<END
echo \$\$ >/run/session
"$LANWRIGHT" apply ${how[*]} --confirm 2 "$two" >/run/apply-said 2>&1
echo \$? >/run/applied
sleep 1000
END
    until_there '[[ -s /run/applied ]]'
    [[ $(cat /run/applied) == 0 ]] || fail "apply: $(cat /run/apply-said)"
    hang_up
    [[ $(ip -o link show virbr2) == *virbr2* ]] || fail "it went back at once"
    until_there 'grep -q verified $log'
    unlike "$before" "$(holds | similar)" "what was not confirmed"
    plans 0 "$one"
    ends 2 "$LANWRIGHT" confirm
    ;;
  confirmed)
    apply --confirm 2 "$two"
    said "lanwright confirm"
    # Until then nothing may be laid on top of it.
    ends 2 "$LANWRIGHT" apply "${how[@]}" "$one"
    ends 2 "$LANWRIGHT" down one
    said "waits to be confirmed"
    ends 0 "$LANWRIGHT" confirm
    after=$(holds | similar)
    sleep 3
    [[ ! -e $log ]] || fail "something was logged: $(cat $log)"
    unlike "$after" "$(holds | similar)" "a watchdog that had nothing to do"
    settled "$one" "$two"
    # One after the other: both go back, to what was confirmed last.
    good=$(holds | similar)
    three=$(network three virbr3 "<forward mode='nat'/>" "$(subnet 3)")
    four=$(network four virbr4 "<forward mode='nat'/>" "$(subnet 4)")
    apply --confirm 60 "$three"
    apply --confirm 1 "$four"
    until_there 'grep -q verified $log'
    unlike "$good" "$(holds | similar)" "two that were not confirmed"
    ;;
  hung)
    mount -t tmpfs tmpfs /usr/local/sbin
    cat >/usr/local/sbin/dnsmasq <<'END'
#!/bin/sh
case $1 in --conf-file=*) ;; *) exec /usr/sbin/dnsmasq "$@" ;; esac
echo $$ >/run/hangs
exec sleep 1000
END
    chmod 755 /usr/local/sbin/dnsmasq
    terminal <<END
echo \$\$ >/run/session
"$LANWRIGHT" apply ${how[*]} --confirm 2 "$two" >/run/apply-said 2>&1
END
    until_there '[[ -s /run/hangs ]]'
    hung=$(cat /run/hangs)
    umount /usr/local/sbin
    until_there 'grep -q verified $log'
    unlike "$before" "$(holds | similar)" "an apply that hung"
    [[ ! -d /proc/$hung ]] || fail "the tool that hangs is left"
    plans 0 "$one"
    ;;
esac
