/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOLS_XML_H
#define TOOLS_XML_H

#include <stdio.h>

/* A text from elsewhere as XML, which is UTF-8 without control characters. */
void xml_text(FILE *to, const char *text);

#endif
