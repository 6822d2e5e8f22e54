/* SPDX-License-Identifier: BSD-3-Clause */

/* A C program: it has no operator new of its own. With an argument the plug-in is opened before the
 * library is used, and again after. */

#include "whose.h"

int main(int count, char **arguments)
{
    (void)arguments;
    report_process("at first");
    if (count > 1)
        run_plugin();
    use_zmalloc();
    report_process("in use");
    run_plugin();
    use_zmalloc();
    run_plugin();
    report_process("at last");
    return 0;
}
