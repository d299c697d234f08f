"""Data-parallel training: several processes, called workers, that together make the step of one (docs/method.md).

Each worker holds the whole network and takes an equal part of every batch. What depends on the whole batch is formed of
all parts: the gradient is the mean of the workers' gradients, batch norm and whatever else is measured over a batch
take its statistics over all workers. With parts of equal size B/N

    mean = mean_r mean_r[x]        var = mean_r var_r[x] + mean_r (mean_r[x] − mean)²        (T. Chan et al. 1983)

Gradients follow that: with L_r the loss of worker r, each holds ∂(Σ_r L_r)/∂(its own copy of the weights), so that the
mean of those is the gradient of mean_r L_r, the loss of the whole batch.

Every worker must ask for the same exchanges in the same order; torch.distributed's default group carries them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from edge_sast.errors import CheckFailedError, EdgeSastError


@dataclass(frozen=True)
class Workers:
    """This worker's place among all. One alone exchanges nothing: what it asks for is what it has, bit for bit.

    Raises EdgeSastError from every exchange when another worker has ended or does not answer.
    """

    rank: int = 0
    count: int = 1

    @property
    def main(self) -> bool:
        """Whether this is the worker that evaluates, writes and reports."""
        return self.rank == 0

    def part(self, size: int) -> slice:
        """This worker's rows of a batch of `size`, which is a multiple of `count`."""
        each = size // self.count
        return slice(self.rank * each, (self.rank + 1) * each)

    def seed(self, seed: int, epoch: int) -> int:
        """Of the random numbers that each worker draws for its own part."""
        drawn = np.random.SeedSequence((seed, epoch, self.rank)).generate_state(1, np.uint64)
        return int(drawn[0])

    def total(self, tensor: Tensor) -> Tensor:
        """Sum over workers, without a graph; a new tensor where there are several."""
        if self.count == 1:
            return tensor
        tensor = tensor.detach().clone(memory_format=torch.contiguous_format)
        with self._exchange():
            distributed.all_reduce(tensor)
        return tensor

    def mean(self, tensor: Tensor) -> Tensor:
        """Mean over workers, with its gradient."""
        if self.count == 1:
            return tensor
        total: Tensor = _Total.apply(tensor, self)
        return total / self.count

    def average(self, tensors: list[Tensor]) -> None:
        """Replace tensors by their mean over workers, in place and in one exchange."""
        if self.count == 1 or not tensors:
            return
        mean = self.total(torch.cat([t.detach().flatten() for t in tensors])) / self.count
        for tensor, part in zip(tensors, mean.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def moments(self, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of all values from those of each worker's equally many, of any shape."""
        if self.count == 1:
            return mean, var
        parts = self._gather(torch.stack([mean, var]).double())
        joined = parts[:, 0].mean(0)
        spread = parts[:, 1].mean(0) + (parts[:, 0] - joined).square().mean(0)
        return joined.to(mean), spread.to(var)

    def mean_and_std(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Of equally many values per worker; the deviation is torch's, of a sample, and 0 of a single value."""
        if self.count == 1:
            return values.mean(), values.std(correction=min(1, values.numel() - 1))
        var, mean = torch.var_mean(values, correction=0)
        return self.joined_std(mean, var, values.numel())

    def joined_std(self, mean: Tensor, var: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The same from each worker's mean and biased variance of its `count` values."""
        mean, var = self.moments(mean, var)
        count *= self.count
        return mean, (var * count / max(1, count - 1)).sqrt()

    def mean_of_any(self, values: Tensor) -> Tensor | None:
        """Mean of any number of values per worker, perhaps none; None where no worker has one."""
        if self.count == 1:
            return values.mean() if len(values) else None
        total, count = self.total(
            torch.stack([values.sum().double(), values.new_tensor(len(values)).double()])
        )
        return (total / count).to(values) if count > 0 else None

    def differing(self, digest: str) -> list[int]:
        """The workers whose digest (SHA-256, hex) is not the first one's."""
        own = torch.frombuffer(bytearray.fromhex(digest), dtype=torch.uint8)
        parts = self._gather(own)
        return [rank for rank, part in enumerate(parts) if not torch.equal(part, parts[0])]

    def wait(self) -> None:
        """Until all workers are here."""
        self.total(torch.zeros(1))

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The main worker runs the body before the others do, which then find the files that it wrote."""
        if not self.main:
            self.wait()
        yield
        if self.main:
            self.wait()

    def _gather(self, own: Tensor) -> Tensor:
        parts = [torch.empty_like(own) for _ in range(self.count)]
        with self._exchange():
            distributed.all_gather(parts, own)
        return torch.stack(parts)

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise EdgeSastError(
                f"training: worker {self.rank} of {self.count} lost the others ({reason(error)}); the last checkpoint "
                "is kept: the same command with --resume goes on from there"
            ) from error


ALONE = Workers()


def reason(error: Exception) -> str:
    """What a library says, without its source line and advice."""
    return re.sub(r"^\[[^]]*\] ", "", " ".join(str(error).split())).split(". ")[0]


def check_batch_size(asked: int, recordings: int, workers: Workers) -> None:
    """Raises EdgeSastError where a batch does not split into equal parts, one per worker."""
    size = min(asked, recordings)
    if size % workers.count:
        fewer = f", cut to the {recordings} recordings there are" if size < asked else ""
        raise EdgeSastError(
            f"--batch-size is {asked}{fewer}, which {workers.count} workers cannot share evenly; choose a multiple of "
            f"{workers.count} up to {recordings}"
        )


def check_alike(workers: Workers, held: Callable[[], str], epoch: int | None = None) -> None:
    """Compare the digest of what each worker holds, before the first epoch (None) or after this one.

    Raises EdgeSastError where workers were started with different things, CheckFailedError where they came apart.
    """
    others = workers.differing(held()) if workers.count > 1 else []
    if others and epoch is None:
        raise EdgeSastError(
            f"training: worker {others[0]} started with other settings, recordings or parameters than worker 0; "
            "start all with the same command, files and versions"
        )
    if others:
        raise CheckFailedError(
            f"training: after epoch {epoch} worker {others[0]} no longer holds the parameters of worker 0 (the last "
            "checkpoint is kept); look for differing machines or versions"
        )


def digest(tensors: dict[str, Tensor], *texts: str) -> str:
    """SHA-256 (hex) over named tensors and texts."""
    sha = hashlib.sha256("\0".join(texts).encode())
    for name, tensor in tensors.items():
        sha.update(name.encode() + b"\0" + tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()


def batch_norm(
    x: Tensor, norm: nn.BatchNorm1d, gain: Tensor, bias: Tensor, momentum: float, workers: Workers
) -> Tensor:
    """x [N, C, ...] normalised by the moments of all workers' x, then times gain [C] plus bias [C].

    `norm` gives ε and the running statistics, which move by `momentum`. As SyncBatchNorm, which wants GPUs.
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        var, mean = torch.var_mean(x.float(), _all_but_channels(x), correction=0)
        mean, var = workers.moments(mean, var)
        count = x.numel() // x.shape[1] * workers.count
        norm.running_mean.lerp_(mean, momentum)
        norm.running_var.lerp_(var * (count / max(count - 1, 1)), momentum)
    normed: Tensor = _Normed.apply(x, gain, bias, (mean, var, norm.eps), workers)
    return normed


class _Total(torch.autograd.Function):
    """Sum over workers; each worker's tensor enters the losses of all, hence the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, workers: Workers) -> Tensor:
        ctx.workers = workers
        return workers.total(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.workers.total(gradients[0]), None


class _Normed(torch.autograd.Function):
    """With x̂ = (x − mean)/σ and n values per channel: dx = γ/σ·(g − Σg/n − x̂·Σ(g·x̂)/n), the sums over all workers."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gain: Tensor, bias: Tensor, by: tuple[Tensor, Tensor, float], workers: Workers
    ) -> Tensor:
        mean, var, eps = by
        ctx.save_for_backward(x, gain, mean, torch.rsqrt(var + eps))
        ctx.workers = workers
        return functional.batch_norm(x, mean, var, gain, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        x, gain, mean, share = ctx.saved_tensors
        shape = (1, -1, *([1] * (x.dim() - 2)))
        grad, normed = gradients[0].float(), (x.float() - mean.view(shape)) * share.view(shape)
        sums = torch.stack([s.sum(_all_but_channels(x)) for s in (grad, grad * normed)])
        by_bias, by_gain = ctx.workers.total(sums) / (x.numel() // x.shape[1] * ctx.workers.count)
        grad_x = (grad - by_bias.view(shape) - normed * by_gain.view(shape)) * (gain * share).view(shape)
        return grad_x.to(x.dtype), sums[1], sums[0], None, None


def _all_but_channels(x: Tensor) -> list[int]:
    return [d for d in range(x.dim()) if d != 1]
