bring_up
"$1" capture -o "$out/capture" >&2
ip link set virbr7 name virbr8
pkill -F /run/lanwright/dnsmasq/lab.pid
rm -r /etc/lanwright/dnsmasq
"$1" capture -o "$out/capture" >&2
cp -r "$out/capture" "$out/kept"
echo '# seen' >>"$out/capture/sysctl.txt"
! "$1" capture -o "$out/capture" 2>"$out/refused"
rm -r "$out/capture"
mv "$out/kept" "$out/capture"
