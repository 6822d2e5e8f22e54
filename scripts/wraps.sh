# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What the wraps say, and whether their sources are there. Scripts source it, after they have set
# $subprojects to the folder of that name.

# of_wrap NAME KEY
of_wrap() {
    sed -n "s/^$2 *= *//p" "${subprojects:?}/$1.wrap"
}

# has_source NAME: whether Meson finds it without a network, unpacked or as it was fetched.
has_source() {
    [ -d "${subprojects:?}/$(of_wrap "$1" directory)" ] ||
        [ -f "$subprojects/packagecache/$(of_wrap "$1" source_filename)" ]
}
