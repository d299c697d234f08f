"""How the C holds and runs a layer: layout, lanes, kernels, bytes."""
