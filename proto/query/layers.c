/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/layers.h"

static const struct layer {
    unsigned layer;
    const char *text;
    const char *what;
} layers_table[] = {
#define X(name, bit, text, what) {FH_LAYER_##name, (text), (what)},
    FH_LAYERS(X)
#undef X
};

static const struct layer *find(unsigned layer)
{
    for (size_t i = 0; i < FH_COUNT(layers_table); i++) {
        if (layers_table[i].layer == layer) {
            return &layers_table[i];
        }
    }
    return NULL;
}

const char *fh_layer_text(unsigned layer)
{
    const struct layer *row = find(layer);
    return row == NULL ? "unknown" : row->text;
}

const char *fh_layer_what(unsigned layer)
{
    const struct layer *row = find(layer);
    return row == NULL ? "" : row->what;
}

void fh_layers_put(struct fh_buf *out, uint32_t layers)
{
    bool any = false;
    for (size_t i = 0; i < FH_COUNT(layers_table); i++) {
        if ((layers & layers_table[i].layer) != 0) {
            fh_buf_printf(out, "%s%s", any ? ", " : "", layers_table[i].text);
            any = true;
        }
    }
    if (!any) {
        fh_buf_add_cstr(out, "none");
    }
}

bool fh_layers_enough(uint32_t layers)
{
    return (layers & FH_LAYER_LIMITS) != 0 && (layers & FH_LAYER_SECCOMP) != 0 &&
           (layers & (FH_LAYER_LANDLOCK | FH_LAYER_MOUNT)) != 0;
}
