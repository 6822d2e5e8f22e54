/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COPIES_PLUGIN_H
#define COPIES_PLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the program asks of the plug-in: functions of the copy of zmalloc that the plug-in has. */
struct plugin {
    void *(*get)(size_t size);
    void (*put)(void *block);
    size_t (*used)(void);
    const char *(*backend)(void);
    void (*set_oom_handler)(void (*handler)(size_t size));
    /* Works with blocks in every way that the plug-in knows; 0, or the line that is wrong. */
    int (*work)(void);
};

/* Its only symbol. */
const struct plugin *plugin(void);

#ifdef __cplusplus
}
#endif

#endif
