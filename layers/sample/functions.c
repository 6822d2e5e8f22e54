/* SPDX-License-Identifier: BSD-3-Clause */

/* zmalloc_sample.h */

#include <errno.h>

#include "choice.h"
#include "sample.h"
#include "zmalloc_sample.h"

int zmalloc_sample_start(size_t interval)
{
    int error = 0;

    if (!zm_has_layer(&zm_layer_sample))
        error = ENOTSUP;
    else if (!zm_sample_is_interval(interval))
        error = EINVAL;
    else
        zm_sample_at_interval(interval);
    return zm_result(error);
}

int zmalloc_sample_stop(void)
{
    if (!zm_has_layer(&zm_layer_sample))
        return zm_result(ENOTSUP);
    zm_sample_at_interval(SIZE_MAX);
    return 0;
}

int zmalloc_sample_dump(int fd)
{
    return zm_result(zm_has_layer(&zm_layer_sample) ? zm_sample_dump(fd) : ENOTSUP);
}

size_t zmalloc_sample_dropped(void)
{
    return zm_sample_dropped();
}
