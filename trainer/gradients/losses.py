"""What is minimised: a loss per recording, and penalties on spikes.

Read-outs (docs/method.md): o[t] [B, classes] is what the read-out layer receives at step t.

    last   CE(mean_t o[t], y): the membrane after the last step over T, which is what a device answers with
    mean   CE(mean_t m[t], y) with m[t] = (o[1] + … + o[t])/t: the answers of all shorter recordings, averaged
    tet    (1 − λ)·mean_t CE(o[t], y) + λ·mean_t MSE(o[t], 1)  (Deng et al. 2022, arXiv 2202.11946)
    evidence  mean_t CE(o[1] + … + o[t], y): what has arrived up to each step as the logarithm of the odds, so that a
           lead in the read-out's membrane means as much after few steps as after many, as the sequential probability
           ratio test has it (Wald 1945; for networks Ebihara et al. 2021, arXiv 2006.05587, by another loss)

With a teacher whose logits are z, weight α and temperature K (Hinton, Vinyals & Dean 2015, arXiv 1503.02531):

    (1 − α)·loss + α·K²·CE(logits/K, softmax(z/K))

with the cross-entropy of the soft targets times K², as its gradient shrinks with 1/K². logits are those of the answer
after the last step; of `evidence` the mean is taken over the answers after each step.

Penalties: rate_weight·Σ_layers max(0, rate − rate_limit)², and for a target S* of SynOps (or of a device's
instructions) per recording μ·S/S*, whose multiplier μ ≥ 0 grows while S > S* and falls while S < S* (dual ascent), so
that the target is reached and no more is given for it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from trainer.settings.objective import Objective
from trainer.workers.workers import ALONE, Workers

ASCENT = 0.01  # of the multiplier, per step and per unit of (S/S* − 1)
MOST_EXCESS = 2.0  # of S/S* − 1 in one ascent: a network that starts far above is not crushed at once


def per_recording(objective: Objective, logits: Tensor, steps: Tensor | None, labels: Tensor) -> Tensor:
    """Losses [B] of logits [B, classes]; `steps` [T, B, classes] where the objective is per step."""
    if objective.kind == "last":
        return functional.cross_entropy(logits, labels, reduction="none")
    assert steps is not None
    count = steps.shape[0]
    if objective.kind == "mean":
        weights = torch.arange(1, count + 1, device=steps.device, dtype=steps.dtype).view(-1, 1, 1)
        return functional.cross_entropy((steps.cumsum(0) / weights).mean(0), labels, reduction="none")
    if objective.kind == "evidence":
        return _of_each(answers(objective.kind, logits, steps), labels).mean(0)
    distance = (steps - 1).square().mean((0, 2))
    return (1 - objective.tet_lambda) * _of_each(steps, labels).mean(0) + objective.tet_lambda * distance


def _of_each(each: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropies [T, B] of logits [T, B, classes] with one label a recording."""
    count = each.shape[0]
    return functional.cross_entropy(each.flatten(0, 1), labels.repeat(count), reduction="none").view(
        count, -1
    )


def answers(kind: str, logits: Tensor, steps: Tensor | None) -> Tensor:
    """What a network trained by that loss answers [answers, B, classes]: after each step, or after the last alone."""
    if kind != "evidence":
        return logits.unsqueeze(0)
    assert steps is not None
    return steps.cumsum(0)


def distilled(each: Tensor, own: Tensor, teacher: Tensor, weight: float, temperature: float) -> Tensor:
    """Losses [B] of labels, and of a teacher's answers beside one's own, both [answers, B, classes]."""
    soft = torch.softmax(teacher.to(own.dtype) / temperature, -1)
    told = -(soft * torch.log_softmax(own / temperature, -1)).sum(-1).mean(0)
    return (1 - weight) * each + weight * temperature**2 * told


class Penalty:
    """The penalties of an objective, with the target's multiplier that training carries along."""

    def __init__(self, objective: Objective, workers: Workers = ALONE) -> None:
        self.objective, self.workers = objective, workers
        self.multiplier = torch.zeros((), dtype=torch.float64)

    def value(self, rates: list[Tensor], spent: Tensor | None) -> Tensor | float:
        """Penalty of mean firing rates (one per layer) and what a recording spends; 0.0 where there is none.

        Rates are averaged over workers. What is spent, in which the penalty is linear, is this worker's.
        """
        total: Tensor | float = 0.0
        if self.objective.rate_weight and rates:
            excess = (self.workers.mean(torch.stack(rates)) - self.objective.rate_limit).clamp_min(0)
            total = total + self.objective.rate_weight * excess.square().sum()
        if self.objective.target is not None:
            assert spent is not None
            total = total + float(self.multiplier) * spent / self.objective.target
        return total

    def ascend(self, spent: float) -> None:
        """One step of the multiplier, after a gradient step at so many SynOps or instructions per recording."""
        if self.objective.target is not None:
            excess = spent / self.objective.target - 1
            self.multiplier = (self.multiplier + ASCENT * min(excess, MOST_EXCESS)).clamp_min(0)
