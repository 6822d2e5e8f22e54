/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_MODULE_FILE_H
#define ZM_MODULE_FILE_H

/*
 * Where a module is. Opened by its name alone it would be looked for on behalf of whoever calls the
 * dynamic linker: with a sanitizer that is the sanitizer, which knows nothing of our folder; and
 * musl's looks in no folder of a library at all.
 */

#include <stdbool.h>
#include <stddef.h>

/* Memory of its own: stacks of threads are small. */
struct zm_module_file {
    const char *path; /* NULL: it was not found */
    bool searched;    /* false: nobody tells where the dynamic linker looks */
    void *memory;
    size_t size;
};

/* Looks in the folders where libraries are looked for on behalf of this one, but for what ldconfig
 * has noted. To be closed. */
struct zm_module_file zm_module_file_find(const char *file);
void zm_module_file_close(struct zm_module_file *found);

#endif
