/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COPIES_PLUGIN_H
#define COPIES_PLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the program calls in the plug-in: functions of the plug-in's copy of zmalloc. */
struct plugin {
    void *(*get)(size_t size);
    void (*put)(void *block);
    size_t (*used)(void);
    const char *(*backend)(void);
    void (*set_oom_handler)(void (*handler)(size_t size));
    /* Uses blocks in every way that the plug-in knows. Returns 0, or the number of the line that
     * failed. */
    int (*work)(void);
};

/* The plug-in's only symbol. */
const struct plugin *plugin(void);

#ifdef __cplusplus
}
#endif

#endif
