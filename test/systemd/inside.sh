#!/bin/bash
# Run by run.sh as the first process of its namespaces: becomes systemd on a copy of the machine's files.
set -euo pipefail
mount --make-rprivate /
ip link set lo up
# The machine's files below, what is written above them: in memory.
mkdir "$SCRATCH/memory"
mount -t tmpfs tmpfs "$SCRATCH/memory"
root=$SCRATCH/memory/root
mkdir "$SCRATCH/memory/upper" "$SCRATCH/memory/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$SCRATCH/memory/upper,workdir=$SCRATCH/memory/work" "$root"
for path in dev sys; do mount --rbind "/$path" "$root/$path"; done
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
# It may be a mount of its own or lie in one of those. The checkout may, too: what is run from it is the copy in here.
mkdir -p "$root$SCRATCH"
mount --bind "$SCRATCH" "$root$SCRATCH"
umount -R "$root/sys/fs/cgroup" 2>/dev/null || true
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd,xattr systemd "$root/sys/fs/cgroup/systemd"

# Units of the machine are not for this systemd.
rm -rf "$root/etc/systemd/system"
mkdir -p "$root/etc/systemd/system" "$root/run/units" "$root/usr/local/bin"
# systemd-run speaks to systemd through it.
cp /lib/systemd/system/dbus.service /lib/systemd/system/dbus.socket "$root/run/units/"
for target in sysinit basic network-online shutdown multi-user sockets; do
  printf '[Unit]\nDefaultDependencies=no\n' >"$root/run/units/$target.target"
done
mkdir "$root/run/units/csms-server.service.d"
printf '[Service]\nStandardOutput=append:/run/csms.out\nStandardError=append:/run/csms.log\n' \
  >"$root/run/units/csms-server.service.d/log.conf"
printf '[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\nAfter=dbus.socket\n[Service]\nType=exec\nExecStart=/bin/bash %s/checks.sh\nStandardOutput=file:%s/done\nStandardError=inherit\n' \
  "$SCRATCH/checkout/test/systemd" "$SCRATCH" >"$root/run/units/checks.service"
printf '[Manager]\nDefaultEnvironment=SCRATCH=%s\n' "$SCRATCH" >"$root/etc/systemd/system.conf"
rm -f "$root/usr/local/bin/node"
cp "$NODE_BINARY" "$root/usr/local/bin/node"
mkdir -p "$root/opt"
rm -rf "$root/opt/csms-server" "$root/etc/csms-server" "$root/var/lib/csms-server"
cp -a "$SCRATCH/opt/csms-server" "$root/opt/"

export container=other SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/units
# Not chroot alone: below one, no user namespace can be made, which PrivateUsers= needs. Shared, as outside of containers: credentials
# reach a service as a mount.
cd "$root"
mkdir "$root/run/machine"
pivot_root . run/machine
exec chroot . /bin/sh -c 'umount -l /run/machine && mount --make-rshared / && exec "$0" "$@"' /lib/systemd/systemd --system --unit=checks.service --log-target=console
