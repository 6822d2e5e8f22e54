/* SPDX-License-Identifier: BSD-3-Clause */

/* Does nothing, or as little as there is to do with the library: what startup measures. */

#ifdef USED
#include <zmalloc.h>
#endif

int main(void)
{
#ifdef USED
    zfree(zmalloc(1));
#endif
    return 0;
}
