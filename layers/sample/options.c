/* SPDX-License-Identifier: BSD-3-Clause */

/* ZMALLOC_SAMPLE: an interval, and options, with commas between them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "option_list.h"
#include "sample.h"
#include "signal_names.h"

#define GUARD_SLOTS 256
/* Each may need two mappings, of which Linux allows a process 65530. */
#define GUARD_SLOTS_MAX 16384
#define GUARD_INTERVAL ((size_t)8 << 20) /* if none is said */

static const struct zm_sample_options defaults = {
    .interval = (size_t)512 << 10,
    .max = (size_t)64 << 10,
    .frames = ZM_STACK_FRAMES_MAX,
};

/* A distance of many times as much must still be a size. */
bool zm_sample_is_interval(size_t bytes)
{
    return bytes > 0 && bytes <= ZM_SIZE_LIMIT >> 8;
}

/* Each reads the text, or the text after the =. */
typedef bool reader(struct zm_element text, struct zm_sample_options *options);

static bool read_interval(struct zm_element text, struct zm_sample_options *options)
{
    options->has_interval = true;
    if (text.length == 3 && zm_element_take(&text, "off")) {
        options->interval = SIZE_MAX;
        return true;
    }
    return zm_element_take_size(&text, &options->interval) && text.length == 0 &&
           zm_sample_is_interval(options->interval);
}

static bool read_number(struct zm_element text, uint64_t most, uint64_t *number)
{
    return zm_element_take_number(&text, number) && text.length == 0 && *number <= most;
}

static bool read_max(struct zm_element text, struct zm_sample_options *options)
{
    uint64_t number;

    if (!read_number(text, (uint64_t)1 << 24, &number) || number == 0)
        return false;
    options->max = (size_t)number;
    return true;
}

static bool read_frames(struct zm_element text, struct zm_sample_options *options)
{
    uint64_t number;

    if (!read_number(text, ZM_STACK_FRAMES_MAX, &number))
        return false;
    options->frames = (unsigned)number;
    return true;
}

static bool read_file(struct zm_element text, struct zm_sample_options *options)
{
    if (text.length == 0 || text.length > ZM_SAMPLE_FILE_MAX)
        return false;
    memcpy(options->file, text.text, text.length);
    options->file[text.length] = '\0';
    return true;
}

static bool read_slots(struct zm_element text, struct zm_sample_options *options)
{
    uint64_t number;

    if (!read_number(text, GUARD_SLOTS_MAX, &number) || number == 0)
        return false;
    options->slots = (size_t)number;
    return true;
}

static bool read_seed(struct zm_element text, struct zm_sample_options *options)
{
    options->has_seed = true;
    return read_number(text, INT64_MAX, &options->seed);
}

/* The word alone. */
static bool read_guard(struct zm_element text, struct zm_sample_options *options)
{
    if (options->slots == 0)
        options->slots = GUARD_SLOTS;
    return text.length == 0;
}

static bool read_signal(struct zm_element text, struct zm_sample_options *options)
{
    struct zm_signal found;

    if (!zm_signal_find(text.text, text.length, &found) || found.effect == ZM_SIGNAL_UNREPORTED ||
        found.effect == ZM_SIGNAL_IS_FAULT)
        return false;
    options->signal = found.number;
    return true;
}

static const struct option {
    const char *name; /* including the "="; the interval has no name */
    reader *read;
    const char *right;
} known[] = {
    {"max=", read_max, "max=N: 1 to 16777216 blocks"},
    {"frames=", read_frames, "frames=N: 0 to " ZMALLOC_QUOTE(ZM_STACK_FRAMES_MAX)},
    {"file=", read_file, "file=PATH: 1 to " ZMALLOC_QUOTE(ZM_SAMPLE_FILE_MAX) " bytes"},
    {"slots=", read_slots, "slots=N: 1 to " ZMALLOC_QUOTE(GUARD_SLOTS_MAX) " guarded blocks"},
    {"seed=", read_seed, "seed=N: a number below 2^63"},
    {"guard", read_guard, "guard has no value"},
    {"signal=", read_signal, "signal=NAME: one that a process can handle, such as USR2"},
    {"", read_interval,
     "it is no interval, which is a number of bytes, or one with k, m or g, or off; and none of "
     "the options file=PATH signal=NAME max=N frames=N seed=N guard slots=N"},
};

static int refuse(const struct zm_element *element, const struct option *option, char *why)
{
    struct zm_message message = {0};
    size_t length;

    zm_message_quoted(&message, element->text, element->length);
    zm_message_text(&message, ": ");
    zm_message_text(&message, option->right);
    length = message.length < ZM_WHY_SIZE ? message.length : ZM_WHY_SIZE - 1;
    memcpy(why, message.text, length);
    why[length] = '\0';
    return EINVAL;
}

static int parse_element(struct zm_element element, struct zm_sample_options *options, char *why)
{
    const struct option *option = known;
    struct zm_element text = element;

    while (!zm_element_take(&text, option->name))
        option++;
    return option->read(text, options) ? 0 : refuse(&element, option, why);
}

int zm_sample_parse(const char *text, struct zm_sample_options *options, char *why)
{
    struct zm_element element;
    int error = 0;

    *options = defaults;
    while (error == 0 && zm_list_next(&text, &element))
        error = parse_element(element, options, why);
    if (error == 0 && options->slots != 0 && !options->has_interval)
        options->interval = GUARD_INTERVAL;
    if (error == 0 && options->signal != 0 && options->file[0] == '\0') {
        snprintf(why, ZM_WHY_SIZE, "signal=NAME takes a file=PATH as well");
        error = EINVAL;
    }
    return error;
}
