/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_REFUSAL_H
#define ZM_REFUSAL_H

/* One line for each element of the list in which nothing can start, but one for all that a layer
 * refuses; then the process ends. */
_Noreturn void zm_choice_refuse_to_run(const char *source, const char *list);

/* The end of a backend that calls the library before it has started. */
_Noreturn void zm_choice_refuse_recursion(void);

#endif
