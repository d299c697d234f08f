"""A network trained in one other tool, by that tool's own neurons and surrogate, and written by its own NIR exporter.

    PYTHON benchmarks/nir_finish_peer.py TOOL FOLDER EPOCHS OUT

Run by nir_finish.py with a Python that has the tool. FOLDER holds train.npy and valid.npy, counts uint8
[recordings, T, 2, H, W], and labels.npy, those of train; net.nir and answers.npy come to lie in OUT: spikes per class
of each recording of valid, [recordings, classes]. TOOL is snntorch or spikingjelly.
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
SLOPE = 2.0  # of the surrogate, arctan


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

    net = modules(neurons, sizes, classes)
    with torch.no_grad():
        for layer in net:
            if isinstance(
                layer, nn.Conv2d | nn.Linear
            ):  # what reaches the membrane is as it would be undivided
                layer.weight.mul_(1 / LOST)
                layer.bias.mul_(1 / LOST)
    return net


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
    whole = nn.Sequential(*net)
    reset(whole)
    if tool == "snntorch":
        from snntorch.export_nir import export_to_nir

        graph = export_to_nir(whole, x[:1, 0].float(), ignore_dims=[0])
    else:
        from spikingjelly.activation_based.nir_exchange import export_to_nir

        graph = export_to_nir(whole, x[:1, 0].float(), dt=1e-4)
    nir.write(path, graph)


def main() -> int:
    tool, place, epochs, out = sys.argv[1:]
    folder = Path(place)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    data = {name: torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("train", "valid")}
    labels = torch.from_numpy(np.load(folder / "labels.npy"))
    classes = int(labels.max()) + 1
    net = {"snntorch": snntorch, "spikingjelly": spikingjelly}[tool](shapes(data["train"].shape[-1]), classes)
    train(net, data["train"], labels, int(epochs), RATE * (1 if tool == "snntorch" else 1 / LOST))
    with torch.no_grad():
        answers = torch.cat([counts(net, part) for part in data["valid"].split(256)])
    np.save(Path(out) / "answers.npy", answers.numpy())
    export(tool, net, data["valid"], Path(out) / "net.nir")
    versions = {name: importlib.metadata.version(name) for name in (tool, "nir", "torch")}
    print("versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
