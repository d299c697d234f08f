"""Sharpness-aware training: the gradient to step along is taken at w + ε, where the loss is higher, not at w.

With g = ∇L_B1(w) and g_p = ∇L_B2(w + ε); B2 = B1, or an independent batch, as SAST's convergence theorem wants
(M. Nicholson, arXiv 2603.18039):

    none    step along g
    sam     ε = ρ·g/‖g‖₂, step along g_p (Foret et al. 2021, arXiv 2010.01412)
    asam    ε = ρ·T²g/‖Tg‖₂ with T = |w| + 0.01 for each weight, step along g_p (Kwon et al. 2021, arXiv 2102.11600)
    gsam    ε as sam, step along g_p − α·g⊥, g⊥ the part of g orthogonal to g_p; ρ follows the learning rate
            (Zhuang et al. 2022, arXiv 2203.08065)
    esam    ε as sam, of a random share of the weights, divided by the share; g_p only of those samples whose loss ε
            raised most (Du et al. 2022, arXiv 2110.03141)
    noise   ε = ρ·z/‖z‖₂ with z ~ N(0, 1), step along g_p: the control with as many gradient evaluations as sam

Each may be made cheaper: ε at every k-th step only, plain or LookSAM steps between (Liu et al. 2022, arXiv
2203.02714), g_p on a share of the batch, ε on batch norm's parameters only (SAM-ON, Mueller et al. 2023, arXiv
2306.04226; this saves no time: g_p still costs a whole backward pass).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Generator, Tensor

from edge_sast.errors import EdgeSastError
from trainer.gradients import perturbation
from trainer.gradients.perturbation import Vector
from trainer.settings.sharpness import Sharpness

_WEIGHTS, _ROWS = 0, 1  # streams of random numbers of one step

SecondPass = Callable[[Tensor | None], Tensor]


class Sharpener:
    """Turns the gradients that the first backward pass left into those to step along.

    `average` replaces gradients in place by their mean over data-parallel workers, each with as many samples. It is
    called on g, before ε is formed, and on g_p, so that ε (defined by the whole batch's gradient) and the step are the
    same on all workers. So are random weights; samples are chosen by each worker among its own.

    Raises EdgeSastError when no parameter is in scope.
    """

    def __init__(
        self,
        settings: Sharpness,
        named_parameters: Iterable[tuple[str, Tensor]],
        average: Callable[[list[Tensor]], None] | None = None,
    ) -> None:
        self.settings, self.average = settings, average
        self.parameters = dict(named_parameters)
        self._orthogonal: dict[str, Tensor] = {}  # LookSAM's g_v by parameter, empty before the first
        if not any(self._in_scope(name) for name in self.parameters):
            raise EdgeSastError(
                "--sam-scope is 'norm', but the network has no batch norm; use --norm batch or --sam-scope all"
            )

    def needs_second(self, step: int, rho: float) -> bool:
        """Whether `gradient` will call its second pass at this step (counted from 0) with this radius."""
        return self.settings.kind != "none" and rho > 0 and step % self.settings.every == 0

    def gradient(self, first_losses: Tensor, second: SecondPass, rho: float, step: int, seed: int) -> None:
        """Replace `.grad`, which holds this worker's g, by the gradient to step along; the weights stay what they were,
        bit for bit, also when `second` raises.

        Args:
            first_losses: [B], detached: each sample's loss in the first pass.
            second: gives the losses, with their graph, of these rows (int64, ascending; None: all) of the second batch
                at the weights as they now are. It must not move batch norm's running statistics. Where rows are chosen
                (Sharpness.same_batch) the second batch must be the first. esam with rows below 1 calls it twice,
                once without gradients.
            rho: ε's radius. At 0 the plain gradient stays.
            step: of the run, from 0.
            seed: with `step` it determines all random numbers; torch's global generator is left alone.
        """
        held = {name: p for name, p in self.parameters.items() if p.grad is not None}
        first = self._averaged(held)
        if self.needs_second(step, rho):
            self._perturbed(
                held, first, lambda: self._backward(first_losses, second, step, seed), (rho, step, seed)
            )
            self._combine(held, first, self._averaged(held))
        elif self._orthogonal and rho > 0:
            stored = [self._orthogonal[name] for name in held]
            with torch.no_grad():
                added = perturbation.with_norm(stored, self.settings.reuse)
                size = perturbation.norm(first)
                for g, v in zip(first, added, strict=True):
                    g.add_(v * size)

    def state_dict(self) -> dict[str, Tensor]:
        """What the next steps need of the past: LookSAM's g_v by parameter name; empty for all else."""
        return {name: v.clone() for name, v in self._orthogonal.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Raises EdgeSastError for a tensor that fits no parameter."""
        for name, v in state.items():
            if name not in self.parameters or self.parameters[name].shape != v.shape:
                raise EdgeSastError(f"checkpoint: sharpness state {name!r} fits no parameter; train again")
        self._orthogonal = {name: v.clone().to(self.parameters[name]) for name, v in state.items()}

    def _in_scope(self, name: str) -> bool:
        return self.settings.scope == "all" or "norm" in name.split(".")

    def _averaged(self, held: dict[str, Tensor]) -> Vector:
        """The gradients, averaged over workers; where a pass did not reach a parameter, 0."""
        for p in held.values():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        gradients = [p.grad for p in held.values() if p.grad is not None]
        if self.average is not None:
            self.average(gradients)
        return gradients

    def _perturbed(
        self, held: dict[str, Tensor], first: Vector, run: Callable[[], None], at: tuple[float, int, int]
    ) -> None:
        """Call `run` at w + ε with `.grad` empty, and restore w."""
        inside = [(p, g) for (name, p), g in zip(held.items(), first, strict=True) if self._in_scope(name)]
        moved = [p for p, _ in inside]
        before = [p.detach().clone() for p in moved]
        for p in held.values():
            p.grad = None
        try:
            with torch.no_grad():
                for p, e in zip(moved, self._epsilon(moved, [g for _, g in inside], *at), strict=True):
                    p.add_(e)
            run()
        finally:
            with torch.no_grad():  # restored by value: w + ε − ε is not w in floating point
                for p, w in zip(moved, before, strict=True):
                    p.copy_(w)

    def _epsilon(self, weights: Vector, gradient: Vector, rho: float, step: int, seed: int) -> Vector:
        settings = self.settings
        if settings.kind == "noise":
            return perturbation.noise(weights, rho, _generator(seed, step, _WEIGHTS))
        if settings.kind == "asam":
            return perturbation.adaptive_ascent(weights, gradient, rho)
        epsilon = perturbation.ascent(gradient, rho)
        if settings.weights < 1:
            return perturbation.thinned(epsilon, settings.weights, _generator(seed, step, _WEIGHTS))
        return epsilon

    def _backward(self, first_losses: Tensor, second: SecondPass, step: int, seed: int) -> None:
        second(self._rows(first_losses, second, step, seed)).mean().backward()

    def _rows(self, first_losses: Tensor, second: SecondPass, step: int, seed: int) -> Tensor | None:
        settings, samples = self.settings, len(first_losses)
        if settings.rows == 1:
            return None
        count = max(1, round(settings.rows * samples))
        if settings.rows_by == "random":
            chosen = torch.randperm(samples, generator=_generator(seed, step, _ROWS))[:count]
            return chosen.sort().values.to(first_losses.device)
        score = first_losses
        if settings.kind == "esam":
            with torch.no_grad():
                score = second(None) - first_losses
        return score.sort(descending=True, stable=True).indices[:count].sort().values

    @torch.no_grad()
    def _combine(self, held: dict[str, Tensor], first: Vector, final: Vector) -> None:
        if self.settings.kind == "gsam":
            for g, away in zip(final, perturbation.orthogonal(first, final), strict=True):
                g.sub_(away, alpha=self.settings.alpha)
        if self.settings.reuse:
            self._orthogonal = dict(zip(held, perturbation.orthogonal(final, first), strict=True))


def _generator(seed: int, step: int, stream: int) -> Generator:
    drawn = np.random.SeedSequence((seed, step, stream)).generate_state(1, np.uint64)
    return Generator().manual_seed(int(drawn[0]))
