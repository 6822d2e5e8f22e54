# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# What the scripts of this folder share. Each sources it first.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"

# What the caller has set must not decide what is run.
unset GLIBC_TUNABLES LD_LIBRARY_PATH LD_PRELOAD MALLOC_CONF MAKEFLAGS MAKELEVEL
LC_ALL=C
export LC_ALL

build=$(cd "$root" && take_build build-module && echo "$build")
