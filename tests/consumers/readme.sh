#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The commands of the README, and then of docs/using.md, in their order, as a user pastes them: as
# root, in a fresh clone. They install, so they run in a root of their own: this system's, but what
# they write there goes into memory and is gone in the end.
#
# A block marked "sh" is run. One marked "text" behind it is what it prints, whatever the numbers are.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/wraps.sh disable=SC1091
. "$tree/scripts/wraps.sh"
need meson ninja git tar cc c++ cmake pkg-config unshare chroot
unset BUILD_DIR

# What runs for long, and is run by .ci/run.
elsewhere='scripts/test.sh'

[ "$(id -u)" -eq 0 ] || skip "only root can install"
pkg-config --exists jansson || skip "there is no jansson"

# An allocator that the system lacks comes from its source, if that was put into place.
sources=''
# need_allocator WRAP WHAT COMMAND...: whether the system has it.
need_allocator() {
    wrap=$1 what=$2
    shift 2
    ! "$@" || return 0
    has_source "$wrap" || skip "there is no $what, and no source of $wrap"
    sources=yes
}

has_library() {
    [ -e "$(cc -print-file-name="$1")" ]
}

need_allocator jemalloc libjemalloc_pic.a has_library libjemalloc_pic.a
need_allocator gperftools libtcmalloc_minimal pkg-config --exists libtcmalloc_minimal
need_allocator mimalloc libmimalloc has_library libmimalloc.so

# ---- The blocks ----

blocks=$work/blocks
mkdir "$blocks"

# The files 01.sh, 02.sh and so on, and 02.text where 02.sh is followed by its output.
write_blocks() {
    cat "$tree/README.md" "$tree/docs/using.md" | awk -v folder="$blocks" '
        /^```/ && within { within = 0; close(file); next }
        /^```sh$/ { within = 1; number++; file = sprintf("%s/%02d.sh", folder, number); next }
        /^```text$/ { within = 1; file = sprintf("%s/%02d.text", folder, number); next }
        /^```/ { within = 1; file = "/dev/null"; next }
        within { print >file }'
}

check "there are commands" write_blocks
for block in "$blocks"/*.sh; do
    for command in $elsewhere; do
        if grep -q -x -F "$command" "$block"; then
            echo "skipped: $script: $command takes long, and .ci/run runs it"
            echo : >"$block"
        fi
    done
done

# ---- A root of its own, and in it a fresh clone ----

mkdir "$work/layers" "$work/root" "$work/sources"
copy_tree "$work/tree"
if [ "$sources" ]; then
    copy_sources "$work/sources"
fi

# In a mount namespace of its own, which ends with it. $1 is this script's folder of work.
cat >"$work/enter" <<'END'
set -eu
work=$1 root=$1/root
mount --make-rprivate /
mount -t tmpfs tmpfs "$work/layers" || exit 77
mkdir "$work/layers/upper" "$work/layers/work"
mount -t overlay overlay "$root" \
    -o "lowerdir=/,upperdir=$work/layers/upper,workdir=$work/layers/work" || exit 77
for folder in proc sys dev; do
    mount --rbind "/$folder" "$root/$folder"
done
[ $# -gt 1 ] || exit 0
mkdir -p "$root/tmp" "$root/readme/blocks"
chmod 1777 "$root/tmp"
cp -R "$work/tree" "$work/sources" "$root/readme"
cp "$work/blocks"/* "$root/readme/blocks"
cp "$work/run" "$root/readme"
status=0
chroot "$root" /bin/sh /readme/run || status=$?
cp "$root/readme/blocks"/* "$work/blocks"
exit "$status"
END

# In the new root. One shell reads all blocks, as the one does into which they are pasted.
cat >"$work/run" <<'END'
set -eu
# What is built must run, not run fast.
CFLAGS='-O0 -g0' CXXFLAGS='-O0 -g0'
export CFLAGS CXXFLAGS
cd /readme/tree
git -c init.defaultBranch=main init -q
git add -A
git -c user.name=user -c user.email=user@localhost -c commit.gpgsign=false commit -q -m tree
git clone -q --no-local /readme/tree /readme/zmalloc
cd /readme/zmalloc
# The demo's text, which it would make a hundred times as large. .ci/run has that demo.
mkdir build
find . -name '*.[ch]' -exec cat {} + | head -c 100000 >build/demo-text.txt
# What Meson would download, for the clone and for the project that has it as a subproject.
cp -R /readme/sources/. .
cp -R /readme/sources hello-meson
for block in /readme/blocks/*.sh; do
    printed=${block%.sh}.out
    echo "$block" >/readme/blocks/last
    { . "$block"; } >"$printed" 2>&1 </dev/null
done
rm /readme/blocks/last
git status --porcelain >/readme/blocks/changed
END

enter() {
    unshare -m sh "$work/enter" "$work" "$@"
}

enter 2>/dev/null || skip "there can be no root of its own: no mount namespaces, or no overlay"

# What the last block printed is shown where it fails.
run_blocks() {
    enter run && return
    failed=$(cat "$blocks/last")
    failed=$blocks/$(basename "$failed" .sh)
    cat "$failed.sh"
    tail -n 40 "$failed.out"
    return 1
}

check "each command runs, after those before it" run_blocks

# ---- What they print ----

mask() {
    sed 's/[0-9][0-9.]*/N/g' "$1"
}

compared=0
for text in "$blocks"/*.text; do
    mask "$text" >"$work/expected"
    mask "${text%.text}.out" >"$work/found"
    same "what is said to be printed is printed: $(head -n 1 "$text")" "$work/expected" \
        "$work/found"
    compared=$((compared + 1))
done
check "outputs were compared" [ "$compared" -gt 0 ]
same "no file of the clone has changed, and none was added that is not ignored" /dev/null \
    "$blocks/changed"
