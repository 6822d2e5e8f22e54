/* SPDX-License-Identifier: BSD-3-Clause */

/* Uses a list of functions, F(result, name, parameters), to prove that each exists. */

/* A pointer of exactly that type. Volatile, so it really comes from the library. */
#define POINTER(result, name, parameters) static result(*volatile pointer_##name) parameters = name;

/* How many of them exist. */
#define COUNT(result, name, parameters) +(pointer_##name != 0)
#define ONE(result, name, parameters) +1
