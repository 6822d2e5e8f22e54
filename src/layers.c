/* SPDX-License-Identifier: BSD-3-Clause */

/* The known layers, and how a choice's layers are put over its backend. */

#include "layers.h"

#include <stdio.h>
#include <string.h>

#include "environment.h"
#include "message.h"
#include "option_list.h"
#include "sampling.h"

/* Our layers, in the order in which their variables put them over a backend: the last is outermost.
 * */
/* clang-format off */
#define OUR_LAYERS(ROW)                                                                            \
    ROW(fail)                                                                                      \
    ROW(debug)                                                                                     \
    ROW(sample)
/* clang-format on */

#define DECLARE_LAYER(id) extern const struct zm_layer zm_layer_##id;
OUR_LAYERS(DECLARE_LAYER)

#define DEFINE_ROW(id) {.layer = &zm_layer_##id},
static struct row {
    const struct zm_layer *layer;
    struct zm_setting setting;
    struct zmalloc_backend table; /* what it makes of the table below it */
} rows[] = {OUR_LAYERS(DEFINE_ROW)};

#define ROW_COUNT (sizeof rows / sizeof *rows)
_Static_assert(ROW_COUNT <= ZM_LAYERS_MAX, "a choice has room for every layer");

static struct row *row_of(const struct zm_layer *layer)
{
    size_t i = 0;

    while (rows[i].layer != layer)
        i++;
    return &rows[i];
}

/* LAYER+LAYER+BACKEND. The names of tables are the ends of this text. */
static char whole_name[ZM_WHOLE_NAME_MAX + 1];

/* The last layer that was put over something, and why that failed. */
static struct {
    const struct zm_layer *layer;
    char why[ZM_WHY_SIZE];
} last;

/* The value of the layer's variable. NULL if it is unset, empty, or not to be trusted. */
static const char *options_of(const struct zm_layer *layer)
{
    struct row *row = row_of(layer);
    const char *options;

    row->setting.variable = layer->variable;
    options = zm_setting_value(&row->setting);
    return options != NULL && *options != '\0' ? options : NULL;
}

void zm_layers_read_variables(void)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        options_of(rows[i].layer);
}

/* ---- Reading ---- */

static const struct zm_layer *layer_named(struct zm_element name)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strlen(rows[i].layer->name) == name.length &&
            memcmp(rows[i].layer->name, name.text, name.length) == 0)
            return rows[i].layer;
    return NULL;
}

bool zm_layers_contain(const struct zm_layers *layers, const struct zm_layer *layer)
{
    for (size_t i = 0; i < layers->count; i++)
        if (layers->outermost_first[i] == layer)
            return true;
    return false;
}

bool zm_layers_read(struct zm_element *element, struct zm_layers *layers)
{
    const char *plus;

    layers->count = 0;
    while ((plus = memchr(element->text, '+', element->length)) != NULL) {
        struct zm_element name = {element->text, (size_t)(plus - element->text)};
        const struct zm_layer *layer = layer_named(name);

        if (layer == NULL || zm_layers_contain(layers, layer)) {
            *element = name;
            return false;
        }
        layers->outermost_first[layers->count++] = layer;
        element->text = plus + 1;
        element->length -= name.length + 1;
    }
    return true;
}

bool zm_layers_include(const struct zm_layers *layers, const struct zm_layers *wanted)
{
    size_t found = 0;

    for (size_t i = 0; i < layers->count && found < wanted->count; i++)
        if (layers->outermost_first[i] == wanted->outermost_first[found])
            found++;
    return found == wanted->count;
}

/* ---- The ground: between the lowest layer and the backend, which is never asked for size 0 ----
 * */

static const struct zmalloc_backend *backend_below;

static void *ground_alloc(size_t size, size_t *usable)
{
    return backend_below->alloc(zm_layer_usable(size), usable);
}

static void *ground_calloc(size_t size, size_t *usable)
{
    return backend_below->calloc(zm_layer_usable(size), usable);
}

static void *ground_aligned_alloc(size_t alignment, size_t size, size_t *usable)
{
    return backend_below->aligned_alloc(alignment, zm_layer_usable(size), usable);
}

static const struct zmalloc_backend *ground_over(const struct zmalloc_backend *backend)
{
    static struct zmalloc_backend ground;

    backend_below = backend;
    ground = *backend;
    ground.alloc = ground_alloc;
    ground.calloc = ground_calloc;
    ground.aligned_alloc = ground_aligned_alloc;
    return &ground;
}

/* ---- Covering ---- */

void zm_layers_add_asked_for(struct zm_layers *layers)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct zm_layer *layer = rows[i].layer;

        if (options_of(layer) == NULL || zm_layers_contain(layers, layer))
            continue;
        memmove(layers->outermost_first + 1, layers->outermost_first,
                layers->count++ * sizeof *layers->outermost_first);
        layers->outermost_first[0] = layer;
    }
}

/* Returns the place where the backend's own name begins. */
static const char *write_name(const struct zm_layers *layers, const char *backend)
{
    char *end = whole_name;

    for (size_t i = 0; i < layers->count; i++) {
        end = stpcpy(end, layers->outermost_first[i]->name);
        *end++ = '+';
    }
    snprintf(end, sizeof whole_name - (size_t)(end - whole_name), "%s", backend);
    return end;
}

static int cover(const struct zm_layer *layer, const char *name,
                 const struct zmalloc_backend **backend)
{
    struct zmalloc_backend *table = &row_of(layer)->table;
    int error;

    last.layer = layer;
    if (layer->is_of_core)
        return layer->cover(NULL, NULL, options_of(layer), last.why);
    *table = **backend;
    table->name = name;
    error = layer->cover(*backend, table, options_of(layer), last.why);
    if (error == 0)
        *backend = table;
    return error;
}

static bool have_tables(const struct zm_layers *layers)
{
    for (size_t i = 0; i < layers->count; i++)
        if (!layers->outermost_first[i]->is_of_core)
            return true;
    return false;
}

const char *zm_layers_name(void)
{
    return whole_name;
}

int zm_layers_cover(const struct zm_layers *layers, const struct zmalloc_backend **backend)
{
    const char *name = write_name(layers, (*backend)->name);
    int error = 0;

    zm_sampler = NULL; /* a choice that failed may have set it */
    if (have_tables(layers))
        *backend = ground_over(*backend);
    for (size_t i = layers->count; error == 0 && i-- > 0;) {
        name -= strlen(layers->outermost_first[i]->name) + 1;
        error = cover(layers->outermost_first[i], name, backend);
    }
    return error;
}

/* ---- Explaining ---- */

void zm_layers_explain(struct zm_message *message, struct zm_element layer)
{
    if (layer_named(layer) != NULL) {
        zm_message_text(message, "it has twice the layer ");
        zm_message_quoted(message, layer.text, layer.length);
    } else {
        zm_message_text(message, "unknown layer ");
        zm_message_quoted(message, layer.text, layer.length);
        zm_message_text(message, " (known:");
        for (size_t i = 0; i < ROW_COUNT; i++) {
            zm_message_text(message, " ");
            zm_message_text(message, rows[i].layer->name);
        }
        zm_message_text(message, ")");
    }
}

void zm_layers_explain_refusal(struct zm_message *message)
{
    const char *options = options_of(last.layer);

    zm_message_text(message, last.layer->variable);
    if (options != NULL) {
        zm_message_text(message, "=");
        zm_message_quoted(message, options, strlen(options));
    }
    zm_message_text(message, ": ");
    zm_message_text(message, last.why);
}
