/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TCMALLOC_PRIVATE_H
#define TCMALLOC_PRIVATE_H

/* What a private copy of tcmalloc has besides the functions of gperftools/tcmalloc.h: see "The private
 * copy" in meson.build. */

#ifdef __cplusplus
extern "C" {
#endif

/* Once, before anything else is called. */
void tcmalloc_private_start(void);

#ifdef __cplusplus
}
#endif

#endif
