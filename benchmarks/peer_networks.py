"""The same spiking network in several libraries, run by `training_peers.py` one process each.

    conv 16 5×5 stride 2 – batch norm – LIF – max pool 2 – conv 64 3×3 – batch norm – LIF – max pool 2 – linear

Hard spikes, reset to zero, decay 0.875, threshold 1, arctan surrogate with slope parameter 2, no gradient through the
reset; the read-out is linear in the mean of the last spikes over the steps, computed in that order everywhere. Every
library gets the layout of time and batch that it wants, and its own fastest documented way to run many steps. The
peers also run with images channels-last in memory, which PyTorch's convolution, batch norm and pool do faster on a
CPU: nobody's tutorial does it, but a user can.
"""

from __future__ import annotations

import json
import math
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

OURS, PEERS = "edge-sast", ("snntorch", "spikingjelly", "sinabs")
NORSE = "norse"  # for running alone: it has not this surrogate
CHANNELS_LAST = " channels-last"  # after a peer's name
DECAY, CLASSES, SIDE = 0.875, 10, 34
Neuron = Callable[[Tensor], Tensor]


def arctan_slope(x: Tensor) -> Tensor:
    """σ′(x) of the arctan surrogate with β = 2 (Fang et al. 2021, arXiv 2007.05785)."""
    return 1 / (1 + (math.pi * x) ** 2)


def spikingjelly_neuron() -> nn.Module:
    """Multi-step mode: all steps in one call. Input and output [T, B, ...]."""
    from spikingjelly.activation_based import functional, neuron, surrogate

    node = neuron.LIFNode(
        1 / (1 - DECAY), decay_input=False, surrogate_function=surrogate.ATan(2.0), detach_reset=True
    )
    functional.set_step_mode(node, "m")
    return node


class SnnTorchNeuron(nn.Module):
    """snnTorch knows single steps; the loop over them is the one of its tutorials. [T, B, ...]."""

    def __init__(self) -> None:
        super().__init__()
        import snntorch

        self.cell = snntorch.Leaky(DECAY, spike_grad=snntorch.surrogate.atan(2.0), reset_mechanism="zero")

    def forward(self, current: Tensor) -> Tensor:
        membrane = self.cell.reset_mem()
        spikes = []
        for now in current:
            fired, membrane = self.cell(now, membrane)
            spikes.append(fired)
        return torch.stack(spikes)


def sinabs_neuron() -> nn.Module:
    """[B, T, ...]. The decay is a parameter there; it is not trained elsewhere, so not here."""
    from sinabs.activation import MembraneReset, SingleSpike
    from sinabs.layers import LIF

    neuron = LIF(
        tau_mem=-1 / math.log(DECAY),
        spike_fn=SingleSpike,
        reset_fn=MembraneReset(),
        surrogate_grad_fn=lambda v, threshold: arctan_slope(v - threshold),
        norm_input=False,
    )
    neuron.tau_mem.requires_grad_(False)
    return neuron


def norse_neuron() -> nn.Module:
    """norse's LIF box in its module of many steps. Input and output [T, B, ...], the output with the last state.

    It scales currents by the share 1 - decay that a membrane loses, so its threshold is that share.
    """
    from norse.torch import LIFBoxFeedForwardState, LIFBoxParameters
    from norse.torch.functional.lif_box import lif_box_feed_forward_step
    from norse.torch.module.snn import SNN

    class Neuron(SNN):
        def forward(self, current: Tensor) -> Tensor:
            return super().forward(current)[0]

    lost = 1 - DECAY
    parameters = LIFBoxParameters(torch.tensor(lost), v_th=torch.tensor(lost), method="heaviside")
    return Neuron(
        lif_box_feed_forward_step,
        lambda current: LIFBoxFeedForwardState(torch.zeros_like(current[0])),
        parameters,
        dt=1.0,
    )


NEURONS = {
    "snntorch": SnnTorchNeuron,
    "spikingjelly": spikingjelly_neuron,
    "sinabs": sinabs_neuron,
    NORSE: norse_neuron,
}


def forget(neuron: nn.Module) -> None:
    """Put a neuron's state back before the next batch."""
    if hasattr(neuron, "reset_states"):
        neuron.reset_states()
    elif hasattr(neuron, "reset"):
        neuron.reset()


class PeerNetwork(nn.Module):
    """The network around a library's neuron; `time_dim` is the dimension of steps, 0 or 1, that the neuron wants."""

    def __init__(self, neuron: Callable[[], nn.Module], time_dim: int, order: torch.memory_format) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(2, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16))
        self.second = nn.Sequential(nn.Conv2d(16, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64))
        self.out = nn.Linear(64 * 4 * 4, CLASSES)
        self.neurons = nn.ModuleList([neuron(), neuron()])
        self.pool, self.time_dim, self.order = nn.MaxPool2d(2), time_dim, order

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """x: counts, steps and batch (or batch and steps) first. Logits [B, 10] and the two firing rates."""
        outer, merged, rates = x.shape[:2], x.flatten(0, 1).contiguous(memory_format=self.order), []
        for stage, neuron in zip((self.first, self.second), self.neurons, strict=True):
            forget(neuron)
            spikes = neuron(stage(merged).unflatten(0, outer))
            rates.append(spikes.mean())
            merged = self.pool(spikes.flatten(0, 1).contiguous(memory_format=self.order))
        return self.out(merged.unflatten(0, outer).mean(self.time_dim).flatten(1)), rates


class OurNetwork(nn.Module):
    def __init__(self, steps: int) -> None:
        super().__init__()
        from trainer.network.network import Network
        from trainer.run.freed_pages import keep_freed_pages
        from trainer.settings.network import NetworkSettings
        from trainer.settings.passes import Spike

        keep_freed_pages()  # as training does
        self.network = Network(NetworkSettings("16c5s2p2-or2-64c3p1-or2-out", CLASSES, SIDE, SIDE, steps))
        self.how = Spike("hard", "arctan", 2.0)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        output = self.network(x, self.how)
        return output.logits, output.rates


def build(library: str, steps: int) -> tuple[nn.Module, int]:
    """The network with the common weights, and the dimension of time of its input."""
    name = library.removesuffix(CHANNELS_LAST)
    time_dim = int(name == "sinabs")
    if library == OURS:
        network = OurNetwork(steps)
    else:
        order = torch.contiguous_format if name == library else torch.channels_last
        network = PeerNetwork(NEURONS[name], time_dim, order)
    torch.manual_seed(1)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_uniform_(parameter, a=math.sqrt(5))
    if library != name:  # after the draw, which follows the order in memory
        network.to(memory_format=torch.channels_last)
    return network.train(), time_dim


def lif_alone(library: str) -> tuple[Neuron, int]:
    """A single layer of neurons, and its dimension of time."""
    if library == OURS:
        from trainer.operations.lif import lif
        from trainer.settings.passes import Spike

        return lambda x: lif(x, torch.tensor(DECAY), Spike("hard", "arctan", 2.0), "zero")[0], 0
    neuron = NEURONS[library]()

    def run(x: Tensor) -> Tensor:
        forget(neuron)
        return neuron(x)

    return run, int(library == "sinabs")


class Worker:
    """One library, one kind of work; `run` does one step of it."""

    def __init__(self, library: str, work: str, data: Path) -> None:
        arrays = np.load(data)
        x = torch.from_numpy(arrays["x"])
        self.labels = torch.from_numpy(arrays["labels"])
        self.alone = work == "lif"
        if self.alone:
            self.layer, dim = lif_alone(library)
        else:
            self.network, dim = build(library, len(x))
            self.optimiser = torch.optim.Adam(
                [p for p in self.network.parameters() if p.requires_grad], lr=1e-3
            )
        self.x = x.transpose(0, 1).contiguous() if dim else x
        if self.alone:
            self.upstream = torch.rand(self.x.shape, generator=torch.Generator().manual_seed(2))
            if dim:
                self.upstream = torch.rand(x.shape, generator=torch.Generator().manual_seed(2))
                self.upstream = self.upstream.transpose(0, 1).contiguous()
            self.x.requires_grad_()
        self.dim = dim

    def run(self) -> None:
        """Forward, loss, backward, optimiser step; of a single layer, forward and backward."""
        if self.alone:
            self.x.grad = None
            self.layer(self.x).backward(self.upstream)
            return
        self.optimiser.zero_grad(set_to_none=True)
        logits, self.rates = self.network(self.x)
        nn.functional.cross_entropy(logits, self.labels).backward()
        self.optimiser.step()

    def first(self, path: Path) -> dict:
        """The first step: firing rates; its gradients go to `path` (.npz)."""
        self.run()
        if self.alone:
            gradient = self.x.grad.transpose(0, 1) if self.dim else self.x.grad
            np.savez(path, gradient.contiguous().numpy())
            return {"rates": []}
        gradients = [p.grad.numpy() for p in self.network.parameters() if p.requires_grad]
        np.savez(path, *gradients)
        return {"rates": [float(r.detach()) for r in self.rates]}

    def timed(self, steps: int) -> dict:
        """Means of some steps: seconds, and seconds that a processor worked, which other processes lengthen less."""
        began, worked = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self.run()
        return {
            "seconds": (time.perf_counter() - began) / steps,
            "cpu_seconds": (time.process_time() - worked) / steps,
        }


def resident(field: str) -> int:
    """VmRSS (now) or VmHWM (the most so far) of this process in bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
            1 if platform.system() == "Darwin" else 1024
        )


def main() -> None:
    """Commands as lines of JSON on stdin, answers on stdout."""
    library, work, data, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    torch.set_num_threads(int(threads))
    worker = Worker(library, work, Path(data))
    before = resident("VmRSS")
    for line in sys.stdin:
        command = json.loads(line)
        if "first" in command:
            answer = worker.first(Path(command["first"]))
        elif "steps" in command:
            answer = worker.timed(command["steps"])
        else:
            answer = {"bytes": resident("VmHWM") - before}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
