/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_PEAK_H
#define ZM_PEAK_H

/* The largest sum that anybody has looked at, and the largest within sections. */

#include "base.h"

/* Somebody has looked, and this much was in use. Takes no lock. */
void zm_peak_saw(size_t used);

size_t zm_peak(void);

/* For sections of the calling thread's own allocations, each time its budget is used up. */
void zm_peak_look_at_own(void);

/* Makes *highest at least that much; other threads may do so at the same time. */
void zm_raise(size_t *highest, size_t used);

/* For the window (window.h). */
void zm_peak_show(volatile uint64_t *entry);

#endif
