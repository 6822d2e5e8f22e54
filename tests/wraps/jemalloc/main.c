/* SPDX-License-Identifier: BSD-3-Clause */

int host_run(const char *expected);

int main(int argc, char **argv)
{
    return host_run(argc > 1 ? argv[1] : "");
}
