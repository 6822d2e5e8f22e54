/* SPDX-License-Identifier: BSD-3-Clause */

/* Does nothing, or as little as possible with the library. The program startup measures it. */

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
