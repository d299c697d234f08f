"""A network trained in one other tool, by that tool's own neurons and surrogate, and written by its own NIR exporter.

    PYTHON benchmarks/nir_finish_peer.py TOOL FOLDER EPOCHS OUT

Run by nir_finish.py with a Python that has the tool. FOLDER holds train.npy and valid.npy, counts uint8
[recordings, T, 2, H, W], and labels.npy, those of train; net.nir and answers.npy come to lie in OUT: spikes per class
of each recording of valid, [recordings, classes]. TOOL is snntorch, sinabs, norse or spikingjelly.
"""

from __future__ import annotations

import importlib.metadata
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from torch import Tensor, nn

warnings.filterwarnings("ignore")

BATCH, RATE, SEED = 64, 2e-3, 0
CHANNELS, KERNELS, STRIDE = (16, 32), (5, 3), 2
LOST = 1 / 8  # of a membrane in a step
SLOPE = 2.0  # of the surrogate: arctan, or what the tool has that is as wide
NORSE_DT = 1e-3  # its own, s


def snntorch(sizes: list[tuple[int, ...]], classes: int) -> nn.ModuleList:
    """Leaky, spiking above the threshold and reset to zero; its exporter wants parameters of a layer's full shape."""
    import snntorch as snn
    from snntorch import surrogate

    def neurons(shape: tuple[int, ...]) -> nn.Module:
        beta, threshold = torch.full(shape, 1 - LOST), torch.ones(shape)
        gradient = surrogate.atan(alpha=SLOPE)
        return snn.Leaky(beta, threshold, gradient, init_hidden=True, reset_mechanism="zero")

    return modules(neurons, sizes, classes)


def spikingjelly(sizes: list[tuple[int, ...]], classes: int) -> nn.ModuleList:
    """LIFNode, spiking at the threshold and reset to zero, whose input is divided by tau."""
    from spikingjelly.activation_based import neuron, surrogate

    def neurons(_: tuple[int, ...]) -> nn.Module:
        return neuron.LIFNode(1 / LOST, surrogate_function=surrogate.ATan(SLOPE), detach_reset=True)

    return undivided(modules(neurons, sizes, classes))


def undivided(net: nn.ModuleList) -> nn.ModuleList:
    """With weights so large that what reaches the membrane is as if nothing divided it."""
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.weight.mul_(1 / LOST)
                layer.bias.mul_(1 / LOST)
    return net


def sinabs(sizes: list[tuple[int, ...]], classes: int) -> nn.ModuleList:
    """LIF, one spike in a step where the threshold is reached, and reset to zero; its input is not multiplied."""
    import sinabs.activation as activation
    import sinabs.layers as layers

    def neurons(shape: tuple[int, ...]) -> nn.Module:
        tau, threshold = torch.full(shape, -1 / float(np.log(1 - LOST))), torch.ones(shape)
        gradient = activation.SingleExponential(grad_width=1 / SLOPE)
        rules = {"spike_fn": activation.SingleSpike, "reset_fn": activation.MembraneReset()}
        cell = layers.LIF(
            tau, spike_threshold=threshold, surrogate_grad_fn=gradient, norm_input=False, **rules
        )
        cell.tau_mem.requires_grad_(False)  # else each neuron learns its own
        return OneStep(cell)

    return modules(neurons, sizes, classes)


class OneStep(nn.Module):
    """A layer of sinabs, which takes [B, T, ...], over one step."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        spikes: Tensor = self.layer(x.unsqueeze(1)).squeeze(1)
        return spikes

    def reset(self) -> None:
        self.layer.reset_states()


def norse(sizes: list[tuple[int, ...]], classes: int) -> nn.ModuleList:
    """LIFBoxCell, spiking above the threshold and reset to zero, whose input is multiplied by dt / tau."""
    from norse.torch import LIFBoxCell, LIFBoxParameters

    def neurons(shape: tuple[int, ...]) -> nn.Module:
        parameters = LIFBoxParameters(
            tau_mem_inv=torch.full(shape, LOST / NORSE_DT),
            v_leak=torch.zeros(shape),
            v_th=torch.ones(shape),
            method="super",
            alpha=torch.tensor(SLOPE),
        )
        return Stateful(LIFBoxCell(parameters, dt=NORSE_DT))

    return undivided(modules(neurons, sizes, classes))


class Stateful(nn.Module):
    """A cell of norse, which takes and gives its state."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell
        self.state: Any = None

    def forward(self, x: Tensor) -> Tensor:
        spikes, self.state = self.cell(x, self.state)
        return spikes

    def reset(self) -> None:
        self.state = None


def modules(neurons: Any, sizes: list[tuple[int, ...]], classes: int) -> nn.ModuleList:
    first, second = sizes
    return nn.ModuleList(
        [
            nn.Conv2d(2, first[0], KERNELS[0], STRIDE),
            neurons(first),
            nn.Conv2d(first[0], second[0], KERNELS[1], STRIDE),
            neurons(second),
            nn.Flatten(),
            nn.Linear(int(np.prod(second)), classes),
            neurons((classes,)),
        ]
    )


def shapes(side: int) -> list[tuple[int, ...]]:
    """Of both convolutions' outputs."""
    found = []
    for channels, kernel in zip(CHANNELS, KERNELS, strict=True):
        side = (side - kernel) // STRIDE + 1
        found.append((channels, side, side))
    return found


TOOLS = {"snntorch": snntorch, "sinabs": sinabs, "norse": norse, "spikingjelly": spikingjelly}


def reset(net: Iterable[nn.Module]) -> None:
    """All membranes to where they start."""
    for layer in net:
        for name in ("reset_mem", "reset"):
            if hasattr(layer, name):
                getattr(layer, name)()
                break


def counts(net: nn.ModuleList, x: Tensor) -> Tensor:
    """Spikes of each output [B, classes] of counts [B, T, 2, H, W]."""
    reset(net)
    total = torch.zeros(())
    for step in x.float().unbind(1):
        for layer in net:
            step = layer(step)
        total = total + step
    return total


def train(net: nn.ModuleList, x: Tensor, labels: Tensor, epochs: int, rate: float) -> None:
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for epoch in range(epochs):
        start, right = time.monotonic(), 0
        for part in torch.randperm(len(x)).split(BATCH):
            answers = counts(net, x[part])
            loss = nn.functional.cross_entropy(answers, labels[part])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            right += int((answers.argmax(1) == labels[part]).sum())
        told = f"epoch {epoch + 1}/{epochs}: {100 * right / len(x):.2f} % of the training part"
        print(f"{told}, {time.monotonic() - start:.0f} s", flush=True)


def export(tool: str, net: nn.ModuleList, x: Tensor, path: Path) -> None:
    """By the tool's own exporter."""
    whole, sample = nn.Sequential(*net), x[:1, 0].float()
    reset(whole)
    if tool == "snntorch":
        from snntorch.export_nir import export_to_nir

        graph = export_to_nir(whole, sample, ignore_dims=[0])
    elif tool == "sinabs":
        graph = of_sinabs(whole, sample)
    elif tool == "norse":
        graph = of_norse(whole, sample)
    else:
        from spikingjelly.activation_based.nir_exchange import export_to_nir

        graph = export_to_nir(whole, sample, dt=1e-4)
    nir.write(path, graph)


def of_sinabs(net: nn.Sequential, sample: Tensor) -> nir.NIRGraph:
    """With the layers that take [B·T, ...], as its exporter follows one tensor through all modules."""
    from sinabs.layers import LIFSqueeze
    from sinabs.nir import to_nir

    def squeezed(layer: nn.Module) -> nn.Module:
        if not isinstance(layer, OneStep):
            return layer
        own = layer.layer
        return LIFSqueeze(tau_mem=own.tau_mem.detach(), spike_threshold=own.spike_threshold, batch_size=1)

    graph = to_nir(nn.Sequential(*(squeezed(layer) for layer in net)), sample)
    graph.infer_types()  # a Conv2d cannot be written without
    return graph


def of_norse(net: nn.Sequential, sample: Tensor) -> nir.NIRGraph:
    """Without a batch axis, which its exporter takes for one of the image; where it leaves None it has a Flatten."""
    from norse.torch import SequentialState
    from norse.torch.utils.export_nir import to_nir

    layers = [
        nn.Flatten(0) if isinstance(layer, nn.Flatten) else getattr(layer, "cell", layer) for layer in net
    ]
    graph = to_nir(SequentialState(*layers), sample[0])
    for name, node in graph.nodes.items():
        if node is None:
            graph.nodes[name] = nir.Flatten(None, start_dim=0)
    graph.infer_types()
    return graph


def main() -> int:
    tool, place, epochs, out = sys.argv[1:]
    folder = Path(place)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    data = {name: torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("train", "valid")}
    labels = torch.from_numpy(np.load(folder / "labels.npy"))
    classes = int(labels.max()) + 1
    net = TOOLS[tool](shapes(data["train"].shape[-1]), classes)
    train(net, data["train"], labels, int(epochs), RATE * (1 if tool in ("snntorch", "sinabs") else 1 / LOST))
    with torch.no_grad():
        answers = torch.cat([counts(net, part) for part in data["valid"].split(256)])
    np.save(Path(out) / "answers.npy", answers.numpy())
    export(tool, net, data["valid"], Path(out) / "net.nir")
    versions = {name: importlib.metadata.version(name) for name in (tool, "nir", "torch")}
    print("versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
