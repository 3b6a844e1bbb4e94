# A machine of its own: systemd starts as process 1 on a layer over this very system, with no
# network but its own, runs a script at each start and may start anew.
#   machine.sh PROGRAM SCENARIO OUT
# What the machine writes is gone with it, but for OUT, which it knows as /out. SCENARIO is run
# with the number of the start; it says how to go on by its last command: 'again', which starts the
# machine anew, or 'done'.
program=$1 scenario=$2 out=$3
export program scenario out

# systemd-nspawn wants cgroups of version 2 alone, and to be within them; wherever this host has
# mounted them, and whatever else.
groups=$(mktemp -d)
export groups
leave() {
  echo $$ >"$groups/cgroup.procs" || true
  find "$groups/lanwright-test.$$" -depth -type d -exec rmdir {} + || true
}
mount -t cgroup2 cgroup2 "$groups"
mkdir "$groups/lanwright-test.$$"
echo $$ >"$groups/lanwright-test.$$/cgroup.procs"
trap leave EXIT

unshare --cgroup --mount --pid --fork --kill-child --propagation private bash -euo pipefail -c '
mount -t proc proc /proc
umount -R /sys 2>/dev/null || true
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
layer=$(mktemp -d)
mount -t tmpfs tmpfs "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
root=$layer/root

# Nothing that this system starts, mounts or applies.
rm -rf "$root"/etc/systemd/system/* "$root"/etc/rc?.d/* "$root"/etc/fstab "$root"/var/lib/lanwright
rm -rf "$root"/etc/lanwright "$root"/etc/systemd/network/* "$root"/var/lib/systemd/timers
# Without a number this would be the first start ever, which enables every unit.
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
printf "flush ruleset\ntable inet filter {\n}\n" >"$root/etc/nftables.conf"
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants" "$root/etc/systemd/system/sysinit.target.wants"
ln -s /lib/systemd/system/nftables.service "$root/etc/systemd/system/sysinit.target.wants/"
cat >"$root/etc/systemd/system/scenario.service" <<UNIT
[Unit]
After=network-online.target lanwright-boot.service lanwright-assert.service
[Service]
Type=idle
ExecStart=/bin/bash /scenario.sh
UNIT
ln -s ../scenario.service "$wants/"
ln -s /dev/null "$root/etc/systemd/system/console-getty.service"
ln -sf multi-user.target "$root/usr/lib/systemd/system/default.target"

# 133 is how a machine ends that wants to start anew.
status=133
while ((status == 133)); do
  status=0
  systemd-nspawn --quiet --register=no --keep-unit --boot --private-network --link-journal=no \
    --console=pipe --directory="$root" --bind="$out:/out" --bind-ro="$scenario:/scenario.sh" \
    --bind-ro="$program:/usr/local/bin/lanwright" </dev/null || status=$?
done
exit $status
' machine
