#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs a command inside a root folder, as on a separate machine: in namespaces of mounts and processes
# that nobody else sees. /proc, /dev and its parts are made for it, and end with it; no folder of this
# system is mounted. It takes root.
#
# usage: scripts/in_root.sh ROOT COMMAND [ARGUMENT...]
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

case ${1:-} in
-*) take_arguments '' "$1" ;;
/ | /.) refuse "$1 is this system's own root" ;;
esac
[ $# -ge 2 ] || refuse "say a folder and a command; --help says more"

# If it is killed, nothing of it is left running. In the namespace this is the first process.
if [ "${IN_ROOT_NAMESPACE:-}" != yes ] || [ $$ -ne 1 ]; then
    IN_ROOT_NAMESPACE=yes exec setpriv --pdeathsig KILL \
        unshare --mount --pid --fork --kill-child --propagation private "$0" "$@"
fi

root=$1
shift

# make_device NAME MAJOR MINOR
make_device() {
    mknod -m 666 "$root/dev/$1" c "$2" "$3"
}

# The root of a machine is a mount point, which unshare wants of it.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
make_device null 1 3
make_device zero 1 5
make_device full 1 7
make_device random 1 8
make_device urandom 1 9
make_device tty 5 0
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

exec chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
