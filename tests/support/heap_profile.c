/* SPDX-License-Identifier: BSD-3-Clause */

#include "heap_profile.h"

#include <stdlib.h>
#include <unistd.h>

#include "support.h"
#include "zmalloc_sample.h"

char *heap_profile(void)
{
    char path[] = "/tmp/zmalloc-test-profile.XXXXXX";
    int fd = mkstemp(path);
    char *text;
    off_t size;

    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(zmalloc_sample_dump(fd), 0);
    size = lseek(fd, 0, SEEK_END);
    text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    close(fd);
    return text;
}
