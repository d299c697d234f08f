"""Which weight widths a number of bytes allows at the least loss.

    minimise Σ_l Δ_l(b_l)  subject to  Σ_l bytes_l(b_l) ≤ budget,  1 ≤ b_l ≤ 8

as Yao et al. 2021 (HAWQ-V3, arXiv 2011.10680) put it: what narrower weights cost is taken for a sum over layers. There
Δ is estimated from the Hessian; here it is measured: Δ_l(b) is by how much the mean loss of the integer pass over some
training recordings grows where layer l alone has b bits and all others 8. The finish in integers then trains the
widths that are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import in_order
from trainer.gradients import losses
from trainer.network.network import Network
from trainer.settings.bits import Bits
from trainer.settings.objective import Objective
from trainer.settings.passes import Pass

WIDTHS = range(1, 9)
WIDEST = 8
PROBED = 512  # recordings, spread over all


def losses_of_widths(
    network: Network,
    binned: BinnedEvents,
    integer: Callable[[Bits], Pass],
    objective: Objective,
    layers: int,
    device: str = "cpu",
) -> list[list[float]]:
    """Δ_l(b) of each weighted layer l: element b − 1 is that of b bits, 0 for 8.

    integer: the integer pass of given widths. Takes 7·layers + 1 passes over PROBED recordings.
    """
    few = binned.select(np.unique(np.linspace(0, len(binned) - 1, PROBED).astype(int)))
    all_widest = (WIDEST,) * layers
    least = _loss(network, few, integer(all_widest), objective, device)

    def growth(layer: int, bits: int) -> float:
        widths = (*all_widest[:layer], bits, *all_widest[layer + 1 :])
        return 0.0 if bits == WIDEST else _loss(network, few, integer(widths), objective, device) - least

    return [[growth(layer, bits) for bits in WIDTHS] for layer in range(layers)]


def least_loss(
    growths: Sequence[Sequence[float]], sizes: Sequence[Sequence[int]], budget: int
) -> Bits | None:
    """The widths of least Σ Δ whose bytes are at most `budget`; of equal ones those of fewest bytes. None: there are
    none.

    growths, sizes: of each layer, those of each width of WIDTHS. Exact: layer by layer only those choices are kept
    that no other undercuts in both.
    """
    front: list[tuple[int, float, Bits]] = [(0, 0.0, ())]
    for layer_growths, layer_sizes in zip(growths, sizes, strict=True):
        choices = zip(WIDTHS, layer_growths, layer_sizes, strict=True)
        longer = [
            (size + more, loss + growth, (*widths, bits))
            for bits, growth, more in choices
            for size, loss, widths in front
            if size + more <= budget
        ]
        front = []
        for choice in sorted(longer):
            if not front or choice[1] < front[-1][1]:
                front.append(choice)
    return front[-1][2] if front else None


def _loss(
    network: Network, binned: BinnedEvents, how: Pass, objective: Objective, device: str, batch_size: int = 64
) -> float:
    was_training = network.training
    network.eval()
    total = 0.0
    with torch.no_grad():
        for x, labels in in_order(binned, batch_size, device):
            output = network(x, how, objective.per_step)
            total += float(losses.per_recording(objective, output.logits, output.steps, labels).sum())
    network.train(was_training)
    return total / len(binned)
