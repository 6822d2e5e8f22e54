/* SPDX-License-Identifier: BSD-3-Clause */

/* Something to link with; a library that is not a module. */

int absent(const char **why);

int absent(const char **why)
{
    (void)why;
    return 0;
}
