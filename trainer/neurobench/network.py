"""A whole integer model as a PyTorch module: membranes, spikes and outputs of edge_sast.Simulator, bit for bit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    Shape,
    SumPool,
)
from edge_sast.model.model import Model
from trainer.network.layers import Pool
from trainer.neurobench.layers import (
    IntegerConv2d,
    IntegerFlatten,
    IntegerIntegrator,
    IntegerLif,
    IntegerLinear,
)


class IntegerNetwork(nn.Module):
    """Runs recordings: integer counts [B, T, 2, H, W] (OFF, ON) to outputs int64 [B, classes].

    Its children have a name each that says their kind and the index of their layer in the model: conv2d_0, lif_0,
    or_pool_1. A recurrent layer has a second connection, recurrent_4, which each step feeds with the spikes of the
    step before. steps: how many the last recordings took, T or, of a model that decides early, fewer.

    Args:
        model: any integer model.
        lif: class of the spiking neurons, IntegerLif or one made from it.

    Raises:
        EdgeSastError: a layer of a kind that has no module here.
    """

    def __init__(self, model: Model, lif: type[IntegerLif] = IntegerLif) -> None:
        super().__init__()
        self.model, self.lif, self.steps = model, lif, 0
        self.chain: list[str] = []  # children in the order of the model, recurrent connections aside
        self.feeds_back: dict[str, str] = {}  # of a lif with recurrent connections, the name of these
        shapes = model.shapes()
        for i, layer in enumerate(model.layers):
            self._add(i, layer, shapes[i], shapes[i + 1])

    @torch.no_grad()
    def forward(self, frames: Tensor) -> Tensor:
        """Raises EdgeSastError for frames that the model does not take."""
        self._check(frames)
        neurons = self.neurons()
        for each in neurons.values():
            each.restart(len(frames))
        fired = {name: torch.zeros_like(neurons[name].mem) for name in self.feeds_back}
        outputs = torch.zeros(len(frames), len(self.model.classes), dtype=torch.int64, device=frames.device)
        counts_spikes = not isinstance(neurons[self.chain[-1]], IntegerIntegrator)
        for self.steps, frame in enumerate(frames.int().unbind(1), 1):
            last = self._step(frame, fired).flatten(1)
            outputs = outputs + last if counts_spikes else last.long()
            if self._decided(outputs):
                break
        return outputs

    def neurons(self) -> dict[str, IntegerLif | IntegerIntegrator]:
        """Membranes and spikes of the weighted layers, in order, by their names."""
        return {
            name: child
            for name, child in self.named_children()
            if isinstance(child, IntegerLif | IntegerIntegrator)
        }

    def _add(self, i: int, layer: Layer, shape: Shape, after: Shape) -> None:
        match layer:
            case Conv2d():
                self._append(f"conv2d_{i}", IntegerConv2d(layer))
            case Linear() | RecurrentLinear():
                self._append(f"linear_{i}", IntegerLinear(layer.weight))
            case OrPool():
                self._append(f"or_pool_{i}", Pool("or", layer.size, shape.max_count))
            case SumPool():
                self._append(f"sum_pool_{i}", Pool("sum", layer.size, shape.max_count))
            case Flatten():
                self._append(f"flatten_{i}", IntegerFlatten())
            case _:
                raise EdgeSastError(
                    f"layers[{i}]: {type(layer).__name__} has no PyTorch module; it must be Conv2d, Linear, "
                    "RecurrentLinear, OrPool, SumPool or Flatten"
                )
        if isinstance(layer, RecurrentLinear):
            self.feeds_back[f"lif_{i}"] = f"recurrent_{i}"
            self.add_module(f"recurrent_{i}", IntegerLinear(layer.recurrent))
        if isinstance(layer, Conv2d | Linear | RecurrentLinear):
            if isinstance(layer.neuron, Lif):
                self._append(f"lif_{i}", self.lif(layer.neuron, layer.weight_shift, after))
            else:
                assert isinstance(layer.neuron, Integrator)
                self._append(f"integrator_{i}", IntegerIntegrator(layer.neuron, layer.weight_shift, after))

    def _append(self, name: str, module: nn.Module) -> None:
        self.add_module(name, module)
        self.chain.append(name)

    def _step(self, x: Tensor, fired: dict[str, Tensor]) -> Tensor:
        """What the last layer gives in one step, [B, classes, 1, 1]. fired: spikes of the step before, by lif."""
        for name in self.chain:
            module = self.get_submodule(name)
            if isinstance(module, Pool):  # which pools all steps of floats at once
                x = module(x[None].double())[0].int()
                continue
            if name in fired:
                x = x + self.get_submodule(self.feeds_back[name])(fired[name])
            x = module(x)
            if name in fired:
                fired[name] = x
        return x

    def _decided(self, outputs: Tensor) -> bool:
        if self.model.early_margin is None:
            return False
        best, second = outputs[0].topk(2).values.tolist()
        return bool(best - second >= self.model.early_margin)

    def _check(self, frames: Tensor) -> None:
        grid = self.model.binning
        want = (grid.steps, grid.channels, grid.height, grid.width)
        if frames.dim() != 5 or tuple(frames.shape[1:]) != want or not len(frames):
            raise EdgeSastError(
                f"frames: shape is {list(frames.shape)}; the model wants [recordings, {', '.join(map(str, want))}], "
                "which are steps, polarities, rows and columns"
            )
        if self.model.early_margin is not None and len(frames) > 1:
            raise EdgeSastError(
                f"frames: {len(frames)} recordings in a batch, but the model decides early, each recording after steps "
                "of its own; use a batch of 1"
            )
        if not ((frames >= 0) & (frames <= grid.count_cap) & (frames == frames.trunc())).all():
            raise EdgeSastError(
                f"frames: values are {frames.min().item():g} to {frames.max().item():g}; they must be whole numbers of "
                f"0 to {grid.count_cap}, events counted up to count_cap"
            )
