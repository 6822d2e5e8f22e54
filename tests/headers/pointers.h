/* SPDX-License-Identifier: BSD-3-Clause */

/* What is done with a list of functions, F(result, name, parameters), to prove that each is there. */

/* A pointer of exactly that type; volatile, so that it is really taken from the library. */
#define POINTER(result, name, parameters) static result(*volatile pointer_##name) parameters = name;

/* The number of those that are there. */
#define COUNT(result, name, parameters) +(pointer_##name != 0)
#define ONE(result, name, parameters) +1
