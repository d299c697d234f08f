"""Checkpoints: safetensors with one JSON document in the metadata. Data, never code.

Holds the parameters, the optimiser's state, the config, the data's binning and classes, and how far training got,
so that a resumed run ends in the same bits as an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor
from torch.optim import Optimizer

from edge_sast.container import metadata_of, parse_object, read_header
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.files import read_bytes, write_atomic
from trainer.network.network import Network
from trainer.network.pruned import of_text, pruned_state
from trainer.settings.checks import flag
from trainer.settings.config import TrainConfig

FORMAT = "edge-sast-checkpoint"
FORMAT_VERSION = 1
METADATA_KEY = "edge_sast_checkpoint"
FILE_NAME = "checkpoint.safetensors"
NETWORK, KEPT, OPTIMISER, EXTRA = "network.", "kept.", "optimiser.", "training."

# Settings that decide which parameters there are, and which of their values go together.
_PARAMETERS_BY: dict[str, Callable[[str], Any]] = {
    "norm": lambda value: value,
    "leak": lambda value: value == "learn",
    "threshold": lambda value: value if value in ("learn", "adaptive-step") else "fixed",
    "width": lambda value: value == "learn",
}


@dataclass(frozen=True)
class Standing:
    """What a checkpoint says beside its tensors; `epoch` counts finished epochs.

    data, valid: digests (BinnedEvents.digest) of the training part and of what only watches. init: digest of the
    parameters that training began with, where it began with those of another run. These, not the paths in the config,
    tell whether a run can go on. Older checkpoints have "" for `valid` and `init`. teacher: digest of the parameters of
    the runs that taught it, "" of none.
    """

    config: TrainConfig
    binning: Binning
    classes: tuple[str, ...]
    data: str
    epoch: int
    valid: str = ""
    init: str = ""
    teacher: str = ""


@dataclass(frozen=True)
class Checkpoint(Standing):
    """What a run folder holds."""

    tensors: dict[str, Tensor] = field(kw_only=True)
    source: str = field(kw_only=True)

    def network(self) -> Network:
        """The network that the run is taken for: of the epoch that --keep says.

        Raises EdgeSastError when the parameters are of another architecture.
        """
        return self._network_of(self._kept_tensors())

    def last_network(self) -> Network:
        """That of the last epoch, from which training goes on. Raises as `network`."""
        return self._network_of(self._tensors(NETWORK))

    @property
    def kept(self) -> dict[str, Tensor]:
        """Parameters of the best epoch so far; none where the last one's count, or no epoch has been compared."""
        return self._tensors(KEPT)

    def _network_of(self, stored: dict[str, Tensor]) -> Network:
        network = Network(self.config.network(self.binning, len(self.classes)))
        _check_same(self.source, network.state_dict(), stored)
        network.load_state_dict(stored)
        network.eval()
        return network

    def copy_parameters(self, network: Network, config: TrainConfig) -> None:
        """Give the network of another config these parameters and statistics.

        Raises EdgeSastError naming the option by which they do not fit.
        """
        for name, holds in _PARAMETERS_BY.items():
            own, theirs = getattr(config, name), getattr(self.config, name)
            if holds(own) != holds(theirs):
                raise EdgeSastError(
                    f"--init {self.source}: was trained with {flag(name)} {theirs}, this run has {own} and other "
                    f"parameters; use {flag(name)} {theirs}, or another run"
                )
        stored = self._kept_tensors()
        if config.kept_channels is not None:
            stored = pruned_state(self.network(), of_text(config.kept_channels))
        _check_same(f"--init {self.source}", network.state_dict(), stored)
        network.load_state_dict(stored)

    def extra(self) -> dict[str, Tensor]:
        """What training carries along beside parameters and moments."""
        return self._tensors(EXTRA)

    def _kept_tensors(self) -> dict[str, Tensor]:
        return self.kept or self._tensors(NETWORK)

    def _tensors(self, prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}

    def restore_optimiser(self, optimiser: Optimizer, network: Network) -> None:
        """Give the optimiser back its moments and step counts."""
        names = [name for name, _ in network.named_parameters()]
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in self.tensors.items():
            if key.startswith(OPTIMISER):
                name, moment = key.removeprefix(OPTIMISER).rsplit("/", 1)
                if name not in names:
                    raise EdgeSastError(
                        f"{self.source}: optimiser state of {name!r} belongs to no parameter; train again"
                    )
                state.setdefault(names.index(name), {})[moment] = tensor.clone()
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def save(
    folder: Path,
    standing: Standing,
    network: Network,
    optimiser: Optimizer,
    extra: dict[str, Tensor],
    kept: dict[str, Tensor] | None = None,
) -> None:
    """Write the checkpoint of a run, whole or not at all.

    extra: what else training carries along. kept: parameters of the best epoch, where the last one's do not count.
    """
    parts = {NETWORK: network.state_dict(), KEPT: kept or {}, EXTRA: extra}
    tensors = {
        prefix + name: t.detach().cpu().contiguous() for prefix, of in parts.items() for name, t in of.items()
    }
    names = [name for name, _ in network.named_parameters()]
    for index, state in optimiser.state_dict()["state"].items():
        for moment, value in state.items():
            tensors[f"{OPTIMISER}{names[index]}/{moment}"] = value.detach().cpu().contiguous()
    document = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(standing)}
    document["sha256"] = _digest(document, tensors)
    metadata = {METADATA_KEY: json.dumps(document, sort_keys=True)}
    write_atomic(folder / FILE_NAME, safetensors.torch.save(tensors, metadata))


def load(path: Path) -> Checkpoint:
    """Read a run folder's checkpoint, or the file itself. Raises EdgeSastError when it is damaged or unknown."""
    file = path / FILE_NAME if path.is_dir() else path
    data = read_bytes(file)
    try:
        texts = metadata_of(read_header(data))
        tensors = safetensors.torch.load(data)
        document = parse_object(texts[METADATA_KEY])
        told = document.pop("sha256", None)
    except KeyError as error:
        raise EdgeSastError(
            f"{file}: not a checkpoint of edge-sast; give a folder made by 'edge-sast train'"
        ) from error
    except (
        safetensors.SafetensorError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        reason = " ".join(str(error).split())
        raise EdgeSastError(
            f"{file}: damaged checkpoint ({reason}); train again or restore a copy"
        ) from error
    _check_version(file, document)
    if told != _digest(document, tensors):
        raise EdgeSastError(
            f"{file}: sha256 does not match its content: damaged; train again or restore a copy"
        )
    for each in fields(Standing):
        if each.name not in document and each.default is MISSING:
            raise EdgeSastError(f"{file}: field {each.name!r} is missing: of another version; train again")
    classes, epoch = document["classes"], document["epoch"]
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise EdgeSastError(f"{file}: classes are {classes!r}; they must be a list of names: train again")
    try:
        config = TrainConfig.from_dict(document["config"], str(file))
        binning = Binning(**document["binning"])
    except (TypeError, AttributeError) as error:
        raise EdgeSastError(
            f"{file}: config or binning are of another version ({error}); train again"
        ) from error
    except EdgeSastError as error:  # a value without meaning
        raise EdgeSastError(f"{file}: {str(error).removeprefix(f'{file}: ')}") from error
    if not isinstance(epoch, int) or isinstance(epoch, bool) or not 0 <= epoch <= config.total_epochs:
        raise EdgeSastError(f"{file}: epoch is {epoch!r}; it must be 0 to {config.total_epochs}: train again")
    _check_numbers(file, tensors)
    digests = (document.get(name, "") for name in ("valid", "init", "teacher"))
    return Checkpoint(
        config,
        binning,
        tuple(classes),
        document["data"],
        epoch,
        *digests,
        tensors=tensors,
        source=str(file),
    )


def _check_numbers(file: Path, tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not name.startswith((NETWORK, KEPT)):  # moments may be anything; they never leave training
            continue
        wrong = ~tensor.isfinite() | (tensor < 0 if name.endswith("running_var") else False)
        if wrong.any():
            raise EdgeSastError(
                f"{file}: {name.partition('.')[2]!r} holds {tensor[wrong][0].item()}: damaged; train again or "
                "restore a copy"
            )


def _digest(document: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + b"\0" + tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _check_version(file: Path, document: dict[str, Any]) -> None:
    if document.get("format") != FORMAT or document.get("format_version") != FORMAT_VERSION:
        raise EdgeSastError(
            f"{file}: format {document.get('format')!r} version {document.get('format_version')!r}; this edge-sast "
            f"reads {FORMAT} {FORMAT_VERSION}: train again, or use the version that wrote it"
        )


def _check_same(source: str, expected: dict[str, Tensor], stored: dict[str, Tensor]) -> None:
    for name in sorted(expected.keys() ^ stored.keys()):
        state = "missing" if name in expected else "unknown"
        raise EdgeSastError(f"{source}: parameter {name!r} is {state}: a checkpoint of another architecture")
    for name, tensor in expected.items():
        if tensor.shape != stored[name].shape:
            raise EdgeSastError(
                f"{source}: parameter {name!r} has shape {list(stored[name].shape)}, the architecture asks for "
                f"{list(tensor.shape)}: a checkpoint of another architecture"
            )
