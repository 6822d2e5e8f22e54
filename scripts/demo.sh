#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Shows what zmalloc is for: one program, built once, counts the words of a real text on each
# allocator in turn, and says what the memory for it was. Then a program that knows nothing of zmalloc,
# in Python, is compared on each. Installs and builds what that needs.
#
# usage: scripts/demo.sh [TEXT]     a file to count instead of this system's own documents
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

text=''

take_word() {
    text=$1
}

take_arguments 'TEXT' "$@"

cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build}
backends='libc native jemalloc tcmalloc mimalloc'
text_size=10000000
python_text_size=1000000

scripts/setup.sh demo
[ -f "$build/build.ninja" ] ||
    logged "$build.log" meson setup "$build" -Dtests=disabled -Dbench=disabled
rm -f "$build.log"
ninja -C "$build" --quiet

# The texts that every system carries, decompressed: licences, what packages say of themselves, word
# lists, manuals; and for a system that was stripped of those, the sources of headers and of Python.
write_texts() {
    for folder in /usr/share/common-licenses /usr/share/doc /usr/share/dict /usr/share/man \
        /usr/share/perl /usr/include /usr/lib/python3*; do
        [ ! -d "$folder" ] || find "$folder" -type f \( -path '*/common-licenses/*' -o \
            -name copyright -o -name 'changelog*' -o -name 'NEWS*' -o -name 'README*' -o \
            -path '*/dict/*' -o -path '*/man/man*' -o -name '*.pod' -o -name '*.h' -o \
            -name '*.py' -o -name '*.txt' -o -name '*.txt.gz' \) -print0 |
            LC_ALL=C sort -z | xargs -0 gzip -dcfq 2>/dev/null || true
    done
}

make_text() {
    write_texts | head -c "$text_size" >"$text.part"
    [ -s "$text.part" ] || fail "found no texts on this system; give one: scripts/demo.sh TEXT"
    while [ "$(wc -c <"$text.part")" -lt "$text_size" ]; do
        cp "$text.part" "$text.copy"
        cat "$text.copy" >>"$text.part"
        rm "$text.copy"
    done
    mv "$text.part" "$text"
}

if [ -n "$text" ]; then
    [ -f "$text" ] || fail "$text: no such file"
else
    text=$build/demo-text.txt
    [ -f "$text" ] || make_text
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
ran=
for backend in $backends; do
    if ZMALLOC_BACKEND=$backend "$build/examples/wordcount" "$text" >"$results/$backend" \
        2>"$results/$backend.err"; then
        ran="$ran $backend"
        sed '$d' "$results/$backend" >"$results/$backend.words"
    fi
done

first=${ran# }
first=${first%% *}
if [ -z "$first" ]; then
    cat "$results"/*.err >&2
    exit 1
fi

megabytes=$(($(wc -c <"$text") / 1000000))
echo
echo "The words of $text ($megabytes MB), counted by one program on each allocator:"
echo
cat "$results/$first.words"
echo
printf '%-10s %-9s %12s %12s %12s %14s %9s  %s\n' \
    BACKEND VERSION 'USED MiB' 'PEAK MiB' 'RSS MiB' FRAGMENTATION SECONDS WORDS
different=0
for backend in $backends; do
    case " $ran " in
    *" $backend "*) ;;
    *)
        printf '%-10s %s\n' "$backend" "$(head -n 1 "$results/$backend.err")"
        continue
        ;;
    esac
    words=same
    cmp -s "$results/$first.words" "$results/$backend.words" || {
        words=DIFFERENT
        different=1
    }
    tail -n 1 "$results/$backend" | awk -v words="$words" '{
        for (i = 1; i <= NF; i++) {
            split($i, pair, "=")
            value[pair[1]] = pair[2]
        }
        printf "%-10s %-9s %12.2f %12.2f %12.2f %14.2f %9.3f  %s\n", value["backend"],
            value["version"], value["used"] / 1048576, value["peak"] / 1048576,
            value["rss"] / 1048576, value["fragmentation"], value["seconds"], words
    }'
done
cat <<END

USED           what the program had allocated when it was done, to the byte
PEAK           the most it had at once
RSS            what the whole process kept in physical memory
FRAGMENTATION  RSS over USED: what a byte in use costs
END
if [ "$different" -ne 0 ]; then
    echo 'The words are NOT the same on all allocators.' >&2
    exit 1
fi
echo
echo "The ten words and all counts are the same on each of:$ran"

# ---- Any program ----

command=$build/tools/zmalloc
skip_second() {
    echo
    echo "skipped: a program that knows nothing of zmalloc, because $*"
    exit 0
}

[ -x "$command" ] || skip_second "the command zmalloc was not built (it needs jansson)"
[ -e "$build/preload/libzmalloc-preload.so" ] || skip_second "the preload library was not built (it is for Linux)"
python=$(system_python) || skip_second "there is no python3"

some=$build/demo-text-python.txt
head -c "$python_text_size" "$text" >"$some"
echo
echo "A program that knows nothing of zmalloc, in Python. zmalloc becomes its malloc, and compares:"
echo
echo "\$ zmalloc compare -n 6 --chart $build/compare-python.svg -- python3 examples/index_words.py $some"
"$command" compare -n 6 --chart "$build/compare-python.svg" -- "$python" examples/index_words.py "$some"
echo
echo "The chart is $build/compare-python.svg. Put your own program in place of python3."
