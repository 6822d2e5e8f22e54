/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_ENVIRONMENT_H
#define TOOLS_ENVIRONMENT_H

/*
 * The variables ZMALLOC_* are meant for the programs that the command looks at and starts, not for
 * the command: a wrong one would end it before it could say what is wrong. So they are hidden while
 * the library is loaded, but for `zmalloc probe`. main() shows them again, first of all.
 */
void show_environment(void);

#endif
