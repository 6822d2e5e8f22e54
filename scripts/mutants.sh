#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Shows that the tests bite: breaks a copy of this tree with each patch of tests/soak/mutants, or with those
# named, and runs the test that the patch names, which has to pass before and to fail after. Installs
# and builds what that needs. Ends with a table, and with status 1 if a mutant is not caught or a patch
# no longer fits the source. Takes about ten minutes.
#
# usage: scripts/mutants.sh [NAME...]
set -eu

# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

names=''

take_word() {
    names="$names $1"
}

take_arguments 'NAME...' "$@"

cd "$(dirname "$0")/.."
mutants=$PWD/tests/soak/mutants
all_names=$(basename -a -s .patch "$mutants"/*.patch)
# shellcheck disable=SC2086
for name in $names; do
    need_known mutant "$name" $all_names
done
# shellcheck disable=SC2086
set -- ${names:-$all_names}

unset ZMALLOC_TEST_SCALE
scripts/setup.sh test
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# No repository around it is to decide what git apply does.
export GIT_CEILING_DIRECTORIES="$work"
tree=$work/tree
build=$work/build

# The files that git knows, with what was changed in them; none of this tree is touched.
copy_tree() {
    mkdir "$tree"
    git ls-files -z | tar --null --ignore-failed-read -T - -c -f - | tar -x -f - -C "$tree"
}

build_copy() {
    ninja -C "$build" --quiet >"$work/build.log" 2>&1 || {
        tail -n 30 "$work/build.log" >&2
        fail "building the copy $1 failed"
    }
}

# What a patch says of itself.
said() {
    sed -n "s/^$2: //p" "$mutants/$1.patch"
}

# A test of Meson, "SUITE NAME", or a script of this tree. Short: what hangs is caught as well.
run_test() {
    # shellcheck disable=SC2086
    case $1 in
    *.sh) sh "$tree/$1" "$tree" ;;
    *) meson test -C "$build" --no-rebuild --timeout-multiplier 0.5 --print-errorlogs --suite $1 ;;
    esac >"$work/test.log" 2>&1
}

# Whether it was there, and not skipped: for a test that it does not have Meson returns 0.
has_run() {
    case $1 in
    *.sh) ;;
    *) grep -q '^Ok: *1 *$' "$work/test.log" ;;
    esac
}

# Where it is seen in what the test printed: the condition or the values, and the place of these; or
# how the test ended.
how_it_showed() {
    for sign in 'does not hold' 'is not a live block' 'was in use' \
        '^stderr: .*\.c:[0-9]' 'ERROR \] ' 'ERROR: ' '^FAILED' '\.c:[0-9]*: ' 'TIMEOUT' ' FAIL '; do
        line=$(grep -a -m 1 -e "$sign" "$work/test.log") && break
    done
    case $line in
    *'ERROR   ] --- '*)
        place=$(sed -n 's|.*\[ *LINE *\] --- .*/\(.*\): error: .*|\1|p' "$work/test.log" | head -n 1)
        line="${line##*] --- } ($place)"
        ;;
    esac
    printf '%s' "$line" | tr -s ' \t' ' ' |
        sed -e 's/^\(stderr:\)* *//' -e 's|[^ ]*/tests/|tests/|' | cut -c 1-120
}

# In the copy, which is whole again afterwards.
break_and_test() {
    git -C "$tree" apply "$mutants/$1.patch" || fail "tests/soak/mutants/$1.patch no longer fits" \
        "the source: break the same thing in it as it is now"
    build_copy "broken by $1"
    if run_test "$2"; then
        showed='NOT CAUGHT'
        missed="$missed $1"
    else
        showed=$(how_it_showed)
    fi
    git -C "$tree" apply --reverse "$mutants/$1.patch"
}

# The tests that the mutants name, on the copy as it is.
test_unbroken() {
    for name; do
        said "$name" 'Caught by'
    done | sort -u >"$work/tests"
    while read -r test; do
        if ! run_test "$test" || ! has_run "$test"; then
            tail -n 30 "$work/test.log" >&2
            fail "$test does not pass on the unbroken copy"
        fi
    done <"$work/tests"
}

echo "mutants: building a copy in $work"
copy_tree
meson setup "$build" "$tree" -Dbuildtype=release -Dtests=enabled -Dbench=disabled \
    -Dexamples=disabled -Dtools=disabled -Ddocs=disabled >"$work/build.log" 2>&1 || {
    cat "$work/build.log" >&2
    fail "meson setup failed"
}
build_copy "as it is"
test_unbroken "$@"
missed=''
printf '| mutant | what is broken | caught by | how it showed |\n| --- | --- | --- | --- |\n'
for name; do
    test=$(said "$name" 'Caught by')
    break_and_test "$name" "$test"
    printf '| %s | %s | %s | %s |\n' "$name" "$(said "$name" Broken)" "$test" "$showed"
done
[ -z "$missed" ] || fail "not caught:$missed"
echo "$# mutants, all caught"
