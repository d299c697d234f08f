"""What tables.json says of itself, for those who have nothing else."""

from __future__ import annotations

# Beside them, of a model whose document has `early`.
EARLY = {
    "early": (
        "a recording ends after the first step in which the largest output is at least `margin` more than the second "
        "largest; two that share the largest lead by 0. Steps after that are not computed"
    )
}
# The same of a model in which a spike takes off an amount of its own.
AMOUNTS = {
    "amounts": (
        "where a layer has the part amounts, entry base + channel word of it is what a spike takes off: v - amount "
        "instead of v - threshold (reset subtract)"
    )
}
HOW_TO_READ = {
    "files": (
        "each memory is there in four formats of one content. mem ($readmemh), coe and mif hold words, word 0 "
        "first. hex (Intel) holds bytes: word k begins at byte k*ceil(word_bits/8), its least significant byte "
        "first"
    ),
    "entry": (
        "entry e of a memory is words e*words_per_entry to (e+1)*words_per_entry-1, the least significant word "
        "first; bits above entry_bits are 0"
    ),
    "fields": (
        "from the least significant bit of an entry upwards, in the order listed; a field stands `lanes` times "
        "side by side, lane 0 first. encoding: unsigned, two's complement, or sign (one bit: 0 is -1, 1 is +1)"
    ),
    "parts": ("entries base to base+entries-1 of the memory of that name belong to the layer or connection"),
    "lanes": (
        "channel c of a layer is lane (c mod lanes) of channel word (c div lanes); the parameters of a channel "
        "word are entry base + word of thresholds, biases and initials"
    ),
    "fan_out": (
        "one spike of source neuron (y, x, c) of a connection: let R be entry y of its rows, C entry x of its "
        "columns, K entry c of its channels. For r < R.count, k < C.count, j < K.count, the membranes of channel "
        "word K.first + j at row R.first + r and column C.first + k of the layer's output get, lane by lane, "
        "(weight << weight_shift) of entry weights.base + R.start + r*row_pitch + C.start + k*column_pitch + "
        "K.start + j"
    ),
    "no_weight": (
        "a lane holds no weight, and its bits are 0, where its channel is not below the output's channels or not "
        "in the group of c: the channels from g*(channels/groups) to (g+1)*(channels/groups)-1 where g = c div "
        "(source channels/groups). With the encoding sign such lanes must be left out; else adding their 0 does no "
        "harm"
    ),
    "kernel": (
        "weight_shape is rows, columns, source channels, channels of a group; kernel_rows and kernel_columns tell "
        "which kernel row or column stands in each slot of row_pitch or column_pitch"
    ),
    "source": (
        "of the input connection: what layer `index` takes, or for a linear layer behind flatten what that flatten "
        "takes. Of the recurrent one: the layer's own spikes of the step before, none in the first step"
    ),
    "input": (
        "an event is row (y >> shift), column (x >> shift), channel polarity; of one such neuron at most count_cap "
        "spikes count in a step"
    ),
    "pools": (
        "source (y, x, c) becomes (y div size, x div size, c), and is dropped where that is outside the output. "
        "or_pool: one spike a step however many come in; sum_pool: as many as come in"
    ),
    "step": (
        "v = leak(v) + sum of weights + bias, saturated once to state_bits in two's complement, v = initial before "
        "the first step; leak(v) = v - (v >> first_shift) - (v >> second_shift), arithmetic shifts, no term for a "
        "shift of 0. A lif spikes where v >= threshold, then v = 0 (reset zero) or v - threshold (reset subtract)"
    ),
    "answer": (
        "the largest membrane after the last step (integrator) or spike count over all steps (lif); of equals the "
        "first"
    ),
    "model": (
        "the document of a model file without its tensors; hash is SHA-256 over both, files are listed with theirs"
    ),
}
