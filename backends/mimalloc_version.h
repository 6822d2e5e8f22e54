/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MIMALLOC_VERSION_H
#define ZM_MIMALLOC_VERSION_H

/*
 * What mi_version() returns has had three forms:
 *
 *     209    2.0.9    up to 2.2.7 and 3.1.6: one digit each
 *     3206   3.2.6    3.0.10 to 3.0.12, and 3.2: two digits for the last
 *     30600  3.6.0    from 2.3.0 and 3.3.0 on: two digits for each but the first
 *
 * We turn all of them into the last form, which can be compared.
 */
static inline int mimalloc_version_number(int version)
{
    if (version < 1000)
        return version / 100 * 10000 + version / 10 % 10 * 100 + version % 10;
    if (version < 10000)
        return version / 1000 * 10000 + version / 100 % 10 * 100 + version % 100;
    return version;
}

#define MIMALLOC_VERSION_NUMBER(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

#endif
