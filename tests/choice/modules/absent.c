/* SPDX-License-Identifier: BSD-3-Clause */

/* Something to link with, and a library that is no module. */

int absent(const char **why);

int absent(const char **why)
{
    (void)why;
    return 0;
}
