/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_REFUSAL_H
#define ZM_REFUSAL_H

/* Prints one line for each element of the list, but only one for all that a layer refuses, and ends
 * the process. */
_Noreturn void zm_choice_refuse_to_run(const char *source, const char *list);

/* Ends the process when a backend calls the library before it has started. */
_Noreturn void zm_choice_refuse_recursion(void);

#endif
