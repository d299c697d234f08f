"""What a pass costs a device, differentiable: SynOps, and instructions by prices (edge_sast/model/prices.py)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from edge_sast.model.prices import BLOCK, LayerPrices, Prices
from trainer.network.layers import Weighted


class Priced:
    """The prices of a network's layers, in its order, as tensors on a device."""

    def __init__(self, prices: Prices, device: torch.device | str = "cpu") -> None:
        self.step = prices.step
        self.layers = prices.layers
        self.arrived = [torch.from_numpy(layer.arrived).float().to(device) for layer in prices.layers]

    def idle(self, steps: int) -> float:
        """Instructions of that many steps in which nothing arrives."""
        return steps * self.step

    def spent(self, index: int, arrived: Tensor, fired: Tensor | None) -> Tensor:
        """Instructions per recording of layer `index` beyond those of an idle step, a scalar.

        arrived [T, B, ...] counts; fired [T, B, C, ...] spikes, None of a pool and of a read-out that never fires.
        """
        batch, prices = arrived.shape[1], self.layers[index]
        places = arrived.sum((0, 1, 2)) if arrived.dim() == 5 else arrived.sum()
        cost = (places * self.arrived[index]).sum()
        if fired is not None:
            cost = cost + prices.fired * fired.sum() + prices.block * firing_blocks(fired, prices)
            if prices.own:
                cost = cost + prices.own * fired[:-1].sum()  # the last step's spikes reach nobody
        return cost / batch


class Costs:
    """Sums of what layers cost, means of a recording: SynOps and instructions, each None where not asked for."""

    def __init__(self, synops: bool, priced: Priced | None, steps: int) -> None:
        """steps: of the pass, each with what it costs whatever arrives."""
        self.priced = priced
        self.synops: Tensor | None = torch.zeros(()) if synops else None
        self.instructions: Tensor | None = None if priced is None else torch.tensor(priced.idle(steps))

    def add_pool(self, index: int, arrived: Tensor) -> None:
        """Of the network's layer `index`; arrived [T, B, C, H, W]."""
        if self.priced is not None and self.instructions is not None:
            self.instructions = self.instructions.to(arrived.device) + self.priced.spent(index, arrived, None)

    def add(self, index: int, layer: Weighted, arrived: Tensor, given: Tensor) -> None:
        """The same; given [T, B, C, ...] spikes, or whatever of a read-out that never fires."""
        if self.synops is not None:
            self.synops = self.synops.to(arrived.device) + layer.synops(arrived, given)
        if self.priced is not None and self.instructions is not None:
            fired = given if layer.spiking else None
            self.instructions = self.instructions.to(arrived.device) + self.priced.spent(
                index, arrived, fired
            )

    def take(self, other: Costs) -> None:
        """Add what another sum holds, as a plain value."""
        if self.synops is not None and other.synops is not None:
            self.synops = self.synops.to(other.synops.device) + other.synops.detach()
        if self.instructions is not None and other.instructions is not None:
            self.instructions = self.instructions.to(other.instructions.device) + other.instructions.detach()

    @property
    def spent(self) -> Tensor | None:
        """What a target is held against: the instructions, or else the SynOps."""
        return self.synops if self.instructions is None else self.instructions


def firing_blocks(spikes: Tensor, prices: LayerPrices) -> Tensor:
    """Sum of the largest spike of each block of membranes, of hard spikes the number of blocks that fire.

    spikes [T, B, C, ...]. Membranes lie position by position, the channels of each filled up to `prices.lanes`.
    """
    x = spikes.flatten(3).transpose(2, 3) if spikes.dim() == 5 else spikes[:, :, None]
    x = functional.pad(x, (0, prices.lanes - x.shape[-1])).flatten(2)
    x = functional.pad(x, (0, -x.shape[-1] % BLOCK))
    return x.unflatten(2, (-1, BLOCK)).amax(-1).sum()
