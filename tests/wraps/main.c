/* SPDX-License-Identifier: BSD-3-Clause */

int use_private(void);

int main(void)
{
    return use_private();
}
