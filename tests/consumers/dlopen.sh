#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The library opened late, by a C program and by Python. With jemalloc in it, it needs more
# thread-local storage than glibc keeps for late-comers: it must say so, and work once glibc is told
# to keep more. Without jemalloc it must just work.
# shellcheck source-path=SCRIPTDIR source=common.sh disable=SC1091
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=../../scripts/wraps.sh disable=SC1091
. "$tree/scripts/wraps.sh"
need meson ninja python3

python=python3
if [ -x /usr/bin/python3 ]; then
    python=/usr/bin/python3
fi

late=$work/late
check "the program builds without the library" compile_c "$here/late.c" -o "$late" -ldl -pthread

late_py=$work/late.py
cat >"$late_py" <<END
#!/bin/sh
exec "$python" "$here/late.py" "\$@"
END
chmod +x "$late_py"

# open_late HOW: a check of both programs under each backend.
open_late() {
    check_backends "$1: C" "$backends" "$late" "$library"
    check_backends "$1: Python" "$backends" "$late_py" "$library"
}

# ---- With jemalloc ----

install_library both "$work/with-jemalloc" -Ddefault_library=both
library=$prefix/lib/libzmalloc.so.1
if ! echo "$built_in" | grep -q -x jemalloc; then
    echo "skipped: $script: this build has no jemalloc"
elif ! getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
    echo "skipped: $script: the C library is not glibc"
else
    complaint="$library: cannot allocate memory in static TLS block"
    check "with jemalloc: C is told what is missing" \
        ends_with 1 "$complaint" "$late" libc "$library"
    check "with jemalloc: Python is told what is missing" \
        ends_with 1 "$complaint" "$late_py" libc "$library"
    GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096
    export GLIBC_TUNABLES
    open_late "with jemalloc and optional_static_tls"
    unset GLIBC_TUNABLES
fi

# ---- Without ----

install_library without-jemalloc "$work/without-jemalloc" $quick -Dtools=disabled \
    -Ddocs=disabled -Ddefault_library=shared -Djemalloc=disabled
library=$prefix/lib/libzmalloc.so.1
open_late "without jemalloc"

# ---- With a jemalloc that is built for it ----

if ! has_source jemalloc; then
    echo "skipped: $script: there is no source of jemalloc; scripts/sources.sh puts it into place"
    exit
fi
install_library late "$work/late-jemalloc" $quick -Dtools=disabled -Ddocs=disabled \
    -Ddefault_library=shared -Djemalloc=enabled -Djemalloc_tls=late
library=$prefix/lib/libzmalloc.so.1
open_late "with -Djemalloc_tls=late"
