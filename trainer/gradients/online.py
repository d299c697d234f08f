"""Online training through time (OTTT; Xiao et al. 2022, arXiv 2210.04195): memory does not grow with T.

At each step the membrane of the step before counts as a constant, and a layer's weights see the trace of their inputs

    â[t] = τ·â[t−1] + s[t]          g_W = Σ_t g_u[t]·â[t]ᵀ,      g_u[t] = dL[t]/du[t] through this step's layers alone

with L[t] the cross-entropy of the step's read-out o[t]. One step's graph is freed before the next is built.
Batch norm takes the statistics of each step's batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trainer.data.batches import Batch
from trainer.gradients import losses
from trainer.gradients.losses import Penalty
from trainer.gradients.substitute import TakesGradientOf
from trainer.network.costs import Costs, Priced
from trainer.network.layers import Weighted
from trainer.network.network import COUNT_GAIN, Network, Output
from trainer.network.neurons import NeuronState
from trainer.settings.objective import Objective
from trainer.settings.passes import Spike


class _Online:
    """A weighted layer between steps: membrane and trace of its inputs, both without history."""

    def __init__(self, layer: Weighted, how: Spike) -> None:
        self.layer, self.how = layer, how
        self.membrane: Tensor | None = None
        self.trace: Tensor | None = None
        self.moments: list[Tensor] = []  # of each step: mean and mean square of the membranes, float64 [2]

    def step(self, x: Tensor, last: bool) -> Tensor:
        """Spikes [B, C, ...] of inputs [B, ...]."""
        layer = self.layer
        assert layer.neurons is not None
        tau, _ = layer.tau()
        decay = tau.detach()
        trace = x if self.trace is None else decay * self.trace + x
        self.trace = trace.detach()
        with torch.no_grad():
            value = layer.connected(x[None])
        current = layer.normalised(TakesGradientOf.apply(value, layer.connected(trace[None])))[0]
        if self.membrane is None:
            start = layer.neurons.starts(layer.channels)
            zero = torch.zeros_like(current)
            self.membrane = zero if start is None else zero + start.view(-1, *([1] * (zero.dim() - 2)))
        step = layer.stepper(tau, self.how)
        u, v, spikes = step(self.membrane, current)
        self.membrane = v.detach()
        if layer.training and not layer.statistics_frozen:
            self._observe(layer.neurons, u.detach(), spikes.detach(), last)
        return spikes

    def _observe(self, neurons: NeuronState, u: Tensor, spikes: Tensor, last: bool) -> None:
        if neurons.settings.threshold == "adaptive":
            self.moments.append(torch.stack([u.mean(dtype=torch.float64), u.double().square().mean()]))
        if not last:
            return
        neurons.observe_end(spikes, u)
        if self.moments:
            mean, square = torch.stack(self.moments).mean(0)
            count = u.numel() * len(self.moments)
            found = neurons.workers.joined_std(mean, square - mean.square(), count)
            neurons.observe_spread(*(each.to(u) for each in found))


def gradient(
    network: Network,
    batch: Batch,
    how: Spike,
    objective: Objective,
    penalty: Penalty,
    priced: Priced | None = None,
) -> tuple[Tensor, Output]:
    """Leave OTTT's gradient of one batch in `.grad`; losses [B], and logits, rates and costs without a graph."""
    x, labels = batch
    steps, counted = x.shape[0], objective.synops_target is not None
    whole = Costs(counted, priced, 0)
    online = {layer: _Online(layer, how) for layer in network.weighted() if layer.spiking}
    total, logits = torch.zeros(len(labels)), torch.zeros(())
    rates = [torch.zeros(()) for _ in online]
    for t in range(steps):
        costs = Costs(counted, priced, 1)
        out, now = _step(network, x[t], how, online, t + 1 == steps, costs)
        each = losses.per_recording(objective, out, out[None], labels)
        loss = each.mean() + penalty.value(now, None if costs.spent is None else costs.spent * steps)
        (loss / steps).backward()
        total = total.to(each) + each.detach() / steps
        logits = logits.to(out) + out.detach() / steps
        rates = [r.to(n) + n.detach() / steps for r, n in zip(rates, now, strict=True)]
        whole.take(costs)
    return total, Output(logits, rates, None, whole.synops, whole.instructions)


def _step(
    network: Network, x: Tensor, how: Spike, online: dict[Weighted, _Online], last: bool, costs: Costs
) -> tuple[Tensor, list[Tensor]]:
    """Read-out [B, classes] of one step, and firing rates; what its layers cost is added to `costs`."""
    rates: list[Tensor] = []
    for index, layer in enumerate(network.layers):
        if not isinstance(layer, Weighted):
            costs.add_pool(index, x[None])
            x = layer(x[None])[0]
            continue
        arrived = x
        if layer.spiking:
            x = online[layer].step(arrived, last)
            rates.append(x.mean())
        else:
            x = layer.read_out(arrived[None], how, True)[1][0]  # type: ignore[index]
        costs.add(index, layer, arrived[None], x[None])
    return (x * COUNT_GAIN if layer.spiking else x), rates
