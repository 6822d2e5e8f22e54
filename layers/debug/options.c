/* SPDX-License-Identifier: BSD-3-Clause */

/* ZMALLOC_DEBUG: a list of options with commas between them. */

#include <string.h>

#include "debug.h"
#include "message.h"
#include "option_list.h"

static const struct zm_debug_options defaults = {
    .quarantine = (size_t)16 << 20,
    .fill = (size_t)1 << 20,
    .canary = 32,
    .frames = 8,
    .check_at_exit = true,
};

struct zm_debug_options zm_debug_options;

/* Each reads the text after the =, which is NULL if there is no =. */
typedef bool reader(struct zm_element text, void *value);

static bool read_bytes(struct zm_element text, void *value)
{
    size_t bytes;

    if (text.text == NULL || !zm_element_take_size(&text, &bytes))
        return false;
    *(size_t *)value = bytes;
    return text.length == 0 && bytes != SIZE_MAX;
}

/* What follows is aligned. */
static bool read_canary(struct zm_element text, void *value)
{
    size_t bytes;

    if (!read_bytes(text, &bytes) || bytes < ZM_DEBUG_CANARY_MIN || bytes > ZM_DEBUG_CANARY_MAX)
        return false;
    *(size_t *)value = (bytes + ZM_DEBUG_ALIGNMENT - 1) & ~(ZM_DEBUG_ALIGNMENT - 1);
    return true;
}

static bool read_frames(struct zm_element text, void *value)
{
    uint64_t number;

    if (text.text == NULL || !zm_element_take_number(&text, &number))
        return false;
    *(unsigned *)value = (unsigned)number;
    return text.length == 0 && number <= ZM_DEBUG_FRAMES_MAX;
}

/* The name alone means yes. */
static bool read_yes_or_no(struct zm_element text, void *value)
{
    bool yes = text.text == NULL || zm_element_take(&text, "yes");

    *(bool *)value = yes;
    return (yes || zm_element_take(&text, "no")) && text.length == 0;
}

#define BYTES "a number of bytes, or one with k, m or g for KiB, MiB or GiB"
#define YES_OR_NO "yes or no"

static const struct option {
    const char *name;
    size_t offset;
    reader *read;
    const char *right;
} known[] = {
    {"quarantine", offsetof(struct zm_debug_options, quarantine), read_bytes, BYTES},
    {"fill", offsetof(struct zm_debug_options, fill), read_bytes, BYTES},
    {"canary", offsetof(struct zm_debug_options, canary), read_canary,
     ZMALLOC_QUOTE(ZM_DEBUG_CANARY_MIN) " to " ZMALLOC_QUOTE(ZM_DEBUG_CANARY_MAX) " bytes"},
    {"frames", offsetof(struct zm_debug_options, frames), read_frames,
     "0 to " ZMALLOC_QUOTE(ZM_DEBUG_FRAMES_MAX)},
    {"check", offsetof(struct zm_debug_options, check_at_exit), read_yes_or_no, YES_OR_NO},
    {"leaks", offsetof(struct zm_debug_options, leaks), read_yes_or_no, YES_OR_NO},
};
#define KNOWN (sizeof known / sizeof *known)

static const struct option *find_option(const char *name, size_t length)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0)
            return &known[i];
    return NULL;
}

static int refuse(const struct zm_element *element, const struct option *option, char *why)
{
    struct zm_message message = {0};
    size_t length;

    zm_message_quoted(&message, element->text, element->length);
    if (option != NULL) {
        zm_message_text(&message, ": ");
        zm_message_text(&message, option->name);
        zm_message_text(&message, " is ");
        zm_message_text(&message, option->right);
    } else {
        zm_message_text(&message, ": no such option; they are");
        for (size_t i = 0; i < KNOWN; i++) {
            zm_message_text(&message, " ");
            zm_message_text(&message, known[i].name);
        }
    }
    length = message.length < ZM_WHY_SIZE ? message.length : ZM_WHY_SIZE - 1;
    memcpy(why, message.text, length);
    why[length] = '\0';
    return EINVAL;
}

static int parse_element(const struct zm_element *element, struct zm_debug_options *options,
                         char *why)
{
    const char *equals = memchr(element->text, '=', element->length);
    size_t name_length = equals != NULL ? (size_t)(equals - element->text) : element->length;
    const struct option *option = find_option(element->text, name_length);
    struct zm_element text = {0};

    if (equals != NULL)
        text = (struct zm_element){equals + 1, element->length - name_length - 1};
    if (option == NULL || !option->read(text, (char *)options + option->offset))
        return refuse(element, option, why);
    return 0;
}

int zm_debug_parse(const char *text, struct zm_debug_options *options, char *why)
{
    struct zm_element element;
    int error = 0;

    *options = defaults;
    while (error == 0 && text != NULL && zm_list_next(&text, &element))
        error = parse_element(&element, options, why);
    return error;
}
