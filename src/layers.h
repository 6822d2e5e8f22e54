/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ZM_LAYERS_H
#define ZM_LAYERS_H

/* The layers of a choice: LAYER+LAYER+BACKEND. Hold the choice lock to add or cover. */

#include "base.h"
#include "layer.h"
#include "message.h"
#include "option_list.h"

struct zm_layers {
    size_t count;
    const struct zm_layer *outermost_first[ZM_LAYERS_MAX];
};

/*
 * Takes the layers off an element, which becomes what is left: the backend's name. False if a layer
 * is unknown or occurs twice; then the element becomes that layer's name.
 */
bool zm_layers_read(struct zm_element *element, struct zm_layers *layers);
/* Appends what zm_layers_read() found wrong with a layer. */
void zm_layers_explain(struct zm_message *message, struct zm_element layer);

bool zm_layers_contain(const struct zm_layers *layers, const struct zm_layer *layer);
/* Whether all wanted layers are among them, in the same order. */
bool zm_layers_include(const struct zm_layers *layers, const struct zm_layers *wanted);

/* Reads the variables of all layers for the first time. */
void zm_layers_read_variables(void);
/* Adds those whose variables are set, outermost, unless they are there already. */
void zm_layers_add_asked_for(struct zm_layers *layers);
/*
 * Puts them over a backend that has been started. *backend becomes the outermost table. Returns 0 or the
 * error of a layer. It may be called again as long as nothing is active.
 */
int zm_layers_cover(const struct zm_layers *layers, const struct zmalloc_backend **backend);
/* LAYER+LAYER+BACKEND, of the last call. */
const char *zm_layers_name(void);
/* Appends why the last call failed. */
void zm_layers_explain_refusal(struct zm_message *message);

#endif
