#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Gives the same data to stock and to each backend, and compares their memory.
#
# usage: examples/SERVER/dataset.sh [--keys N] [SUBJECT...]
#
#   SUBJECT    a backend of zmalloc, or SERVER as it is: BUILDS
#              (build.sh --help); all five backends if not said
#   --keys N   of each type; 100000 if not said
#
# The exit status is 1 if the data is not the same, if an allocator gives no figures (as on stock-libc,
# where the server knows none), or if jemalloc's used memory is more than WITHIN % from stock's (over
# STOCK).

# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=data.sh disable=SC1091
. "$here/data.sh"

keys=100000
take_arguments '--keys=1..999999999 SUBJECT...' "$@"
: "${subjects:=$backends}"
# shellcheck disable=SC2086
need_built stock $subjects
make_work "$server-$script"
failures=0

failed() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# The figures are those of the server's last look, ten times a second.
take_figures() {
    sleep 1
    cli "$1" info memory | tr -d '\r' | sed -n 's/^\([a-z_]*\):/\1=/p' >"$work/$1/figures"
    cli "$1" debug digest >"$work/$1/digest"
}

# figure NAME FIELD
figure() {
    sed -n "s/^$2=//p" "$work/$1/figures"
}

mebibytes() {
    figure "$1" "$2" | awk '{ printf "%.1f", $1 / 1048576 }'
}

show() {
    printf '%-12s %-16s' "$1" "$(figure "$1" mem_allocator)"
    for field in used_memory allocator_allocated allocator_active allocator_resident \
        used_memory_rss; do
        printf ' %10s' "$(mebibytes "$1" $field)"
    done
    printf ' %13s\n' "$(figure "$1" mem_fragmentation_ratio)"
}

measure() {
    start "$1" "$1"
    give "$1" write_data "$keys"
    take_figures "$1"
    stop "$1" || failed "$1 ended with status $?"
    show "$1"
}

# The server shows no 0 where the allocator knows nothing: it takes what is resident from the process,
# what is active from that, and what is allocated from used_memory. So an allocator that gave
# neither of the first two has the same figure for both: zmalloc tells none of those whose figures are
# wrong (docs/design.md).
check_figures() {
    case $1 in
    libc | native | mimalloc) ;;
    *)
        [ "$(figure "$1" allocator_active)" -ne "$(figure "$1" allocator_resident)" ] ||
            failed "$1: the figures are the server's own, the allocator gave none"
        ;;
    esac
    cmp -s "$work/stock/digest" "$work/$1/digest" || failed "$1 has other data than stock"
}

# In ten thousandths of stock's. That is over another jemalloc, or one with other size classes.
check_used() {
    ours=$(figure "$1" used_memory) stock=$(figure stock used_memory)
    apart=$(((ours - stock) * 10000 / stock))
    echo "used_memory on $1 is $ours, on stock $stock: $(printf '%s\n' "$apart" |
        awk '{ printf "%+.2f %%", $1 / 100 }')"
    [ "${apart#-}" -lt $((used_within * 100)) ] || failed "$1: that is not within $used_within %"
}

echo "$keys keys of each type: string, list, set, hash, sorted set, stream; MiB"
printf '%-12s %-16s %10s %10s %10s %10s %10s %13s\n' SUBJECT ALLOCATOR USED ALLOCATED ACTIVE \
    RESIDENT RSS FRAGMENTATION
measure stock
for subject in $subjects; do
    measure "$subject"
    check_figures "$subject"
done
echo
for subject in $subjects; do
    [ "$subject" != jemalloc ] || check_used "$subject"
done
[ $failures -eq 0 ] || exit 1
echo "the data is the same on stock and on: ${subjects# }"
