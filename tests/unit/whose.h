/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WHOSE_H
#define WHOSE_H

/*
 * What the programs share that show whose malloc and operator new a process has. Each is built
 * twice, with the library and, as the control, without it: both must print the same.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* Prints where a function is: its name, file, symbol, and its place in the file. */
void report(const char *name, void *function);

/* Reports what the dynamic linker finds for the whole process: malloc and its family, operator new
 * and its family. */
void report_process(const char *when);

/* Opens the C++ plug-in beside the program, uses it, and lets it report what it found itself. */
void run_plugin(void);

/* Uses the library, in a program that has it. */
void use_zmalloc(void);

/* In the plug-in. Returns 0 if everything worked. */
int whose_plugin(void (*tell)(const char *name, void *function));

#ifdef __cplusplus
}
#endif

#endif
