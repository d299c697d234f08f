"""Compile the Triton kernels to machine code for GPUs that need not be here; test_lif_triton.py runs this.

All that a launch does but the launch: Triton's driver, which wants a GPU, is replaced by one that names the target.
Arguments are the GPUs' compute capabilities, such as 80. Prints for each and each pair of kernels the capability, the
forward pass, the surrogate and how many multiply-adds are fused; of those of trainer/operations/fused_triton.py the
forward pass is "fused".
"""

import math
import sys

import torch
import triton
from triton.backends.compiler import GPUTarget

from trainer.formulas import surrogate
from trainer.kernels import fused_triton as fused_triton_kernels
from trainer.kernels import lif as lif_kernels
from trainer.kernels import lif_triton as kernels
from trainer.operations import fused_triton

# Triton compiles anew for sizes of 1, which become constants, and for multiples of 16.
SIZES = ((5, 42, 7, 3), (1, 1, 1, 1), (16, 4096, 64, 16))


class Driver:
    def __init__(self, capability):
        self.capability = capability

    def get_current_target(self):
        return GPUTarget("cuda", self.capability, 32)

    def get_current_device(self):
        return self.capability  # Triton keeps what it compiled for each device

    def get_current_stream(self, _device):
        return 0


def build(forward, name, subtract, sizes):
    """PTX of both kernels, as lif_triton.py asks for them; `sizes` is (T, N, K, C)."""
    integer = forward == lif_kernels.INTEGER
    masked = forward in (lif_kernels.HARD, lif_kernels.INTEGER)
    x, table = torch.zeros(sizes[:2]), torch.zeros(64)
    drawn = masked or forward in (lif_kernels.MIXED, lif_kernels.STOCHASTIC)
    lots, noise = (x.byte(), x) if drawn else (None, None)
    how = kernels.How(
        forward, surrogate.code(name), masked, True, not integer, subtract, masked, 2, 3, -64, 63
    )
    neuron, sums = (table, *sizes), torch.zeros(1, 2, dtype=torch.float64)
    options = {"grid": (1,), "enable_fp_fusion": False}
    there = kernels.forward.warmup(x, noise, lots, neuron, x, x, how, **options)
    back = kernels.backward.warmup(x, x, lots, neuron, x, sums, how, **options)
    assert there.asm["cubin"]
    assert back.asm["cubin"]
    return there.asm["ptx"] + back.asm["ptx"]


def build_fused(name, subtract, pool, sizes):
    """The same of all kernels that fused_triton.py asks for; `sizes` is (T, B, H, W, C)."""
    how = fused_triton_kernels.How(
        hard=not subtract,
        surrogate=surrogate.code(name),
        subtract=subtract,
        detach_reset=not subtract,
        threshold=1.0,
        pool=pool,
        rows=triton.next_power_of_2(pool**2),
        learn_tau=True,
    )
    x, table, channels, options = (
        torch.zeros(4),
        torch.zeros(64),
        sizes[-1],
        {"grid": (1, 1), "enable_fp_fusion": False},
    )
    places = math.prod(sizes[:-1])
    layer = (table, *fused_triton._sizes(torch.empty(sizes, device="meta"), pool))
    built = [
        fused_triton_kernels.forward.warmup(x, layer, x, x, how, **options),
        fused_triton_kernels.backward.warmup(x, x, layer, x, x, x, how, **options),
        fused_triton_kernels.moments.warmup(x, x, x, places, channels, **options),
        fused_triton_kernels.through_norm.warmup(x, x, x, places, channels, **options),
    ]
    assert all(kernel.asm["cubin"] for kernel in built)
    return "".join(kernel.asm["ptx"] for kernel in built)


def build_all(capability):
    triton.runtime.driver.set_active(Driver(capability))
    pairs = [(forward, name) for forward, name in zip(range(5), surrogate.CODES, strict=True)]
    pairs += [(lif_kernels.SMOOTH, name) for name in surrogate.CODES if name != "arctan"]
    for i, (forward, name) in enumerate(pairs):
        ptx = build(forward, name, i % 2 == 1, SIZES[i % 3])
        assert f".target sm_{capability}" in ptx
        print(capability, forward, name, ptx.count("fma."))
    for i, name in enumerate(("arctan", "logistic", "arctan")):
        sizes = ((5, 3, 7, 8, 4), (1, 1, 1, 1, 1), (16, 64, 16, 16, 32))[i]
        ptx = build_fused(name, i == 1, (2, 1, 3)[i], sizes)
        assert f".target sm_{capability}" in ptx
        print(capability, "fused", name, ptx.count("fma."))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        build_all(int(argument))
