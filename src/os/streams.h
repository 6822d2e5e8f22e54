/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_STREAMS_H
#define ZM_STREAMS_H

/* The streams of stdio while a process forks. To be called after all handlers of ours and of the
 * allocator were registered: what is registered last runs first. */
void zm_streams_watch_fork(void);

#endif
