/* SPDX-License-Identifier: 0BSD */
/* dense_run.c: layer after layer, activations in two buffers by turns. */
#include "dense_kernels.h"

void dense_run(const dense_network_t *network, const int8_t *input, int8_t *output)
{
    uint32_t i;

    for (i = 0; i < network->layer_count; ++i) {
        const dense_layer_t *layer = &network->layers[i];
        int8_t *to = i + 1u == network->layer_count ? output : network->buffers[i & 1u];

        switch (layer->kind) {
        case DENSE_CONV2D:
            dense_conv2d(layer, input, to, &network->scratch);
            break;
        case DENSE_MAX_POOL:
            dense_max_pool(layer, input, to);
            break;
        case DENSE_LINEAR:
        default:
            dense_linear(layer, input, to);
            break;
        }
        input = to;
    }
}
