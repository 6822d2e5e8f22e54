/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LAYERS_H
#define ZM_LAYERS_H

/* The layers of a choice: LAYER+LAYER+BACKEND. Who adds or covers holds the choice lock. */

#include "base.h"
#include "layer.h"
#include "message.h"
#include "option_list.h"

struct zm_layers {
    size_t count;
    const struct zm_layer *outermost_first[ZM_LAYERS_MAX];
};

/*
 * Takes the layers off an element, which becomes what is left: the name of the backend. False where
 * a layer is unknown or stands there twice; then the element is that layer's name.
 */
bool zm_layers_read(struct zm_element *element, struct zm_layers *layers);
/* Appends what zm_layers_read() has found wrong with a layer. */
void zm_layers_explain(struct zm_message *message, struct zm_element layer);

bool zm_layers_contain(const struct zm_layers *layers, const struct zm_layer *layer);
/* Whether the wanted ones are among them, in the same order. */
bool zm_layers_include(const struct zm_layers *layers, const struct zm_layers *wanted);

/* Reads the variables of all layers, for the first time. */
void zm_layers_read_variables(void);
/* Adds those whose variables are set, outside of what is there already. */
void zm_layers_add_asked_for(struct zm_layers *layers);
/*
 * Puts them over a backend that has been started; *backend becomes the outermost table, which has
 * the whole name. Returns 0 or what a layer has failed with. May be called again as long as nothing
 * is active.
 */
int zm_layers_cover(const struct zm_layers *layers, const struct zmalloc_backend **backend);
/* Appends why that failed the last time. */
void zm_layers_explain_refusal(struct zm_message *message);

#endif
