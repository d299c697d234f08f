"""NIR files in one other tool, by the tool's own importer: spikes of the last layer, step by step.

    PYTHON benchmarks/nir_peer.py TOOL FOLDER

Run by nir_tools.py with a Python that has the tool. Beside each FOLDER/NAME.nir lies NAME.npy, its input [T, ...]
without a batch axis; NAME.out.npy is written, [T, neurons], or NAME.txt with the exception.
"""

from __future__ import annotations

import importlib.metadata
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch

warnings.filterwarnings("ignore")


def snntorch(graph: Any) -> Callable[[Any], Any]:
    from snntorch.import_nir import import_from_nir

    return stateful(import_from_nir(graph))


def sinabs(graph: Any) -> Callable[[Any], Any]:
    from sinabs.nir import from_nir

    net = from_nir(graph, batch_size=1)
    return lambda x: last(net(x))


def norse(graph: Any) -> Callable[[Any], Any]:
    from norse.torch import from_nir

    return stateful(from_nir(graph, dt=1e-3))


def spikingjelly(graph: Any) -> Callable[[Any], Any]:
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    return stateful(import_from_nir(graph, dt=1e-4))


def stateful(net: Any) -> Callable[[Any], Any]:
    """A network of nirtorch: it takes and gives its state."""
    state: list[Any] = [None]

    def step(x: Any) -> Any:
        answer = net(x, state[0]) if state[0] is not None else net(x)
        if isinstance(answer, tuple) and len(answer) == 2:
            state[0] = answer[1]
        return last(answer)

    return step


def last(answer: Any) -> Any:
    return answer[0] if isinstance(answer, tuple) else answer


def run(tool: str, path: Path) -> Any:
    """uint8 [T, neurons]."""
    read = {"snntorch": snntorch, "sinabs": sinabs, "norse": norse, "spikingjelly": spikingjelly}[tool]
    step = read(nir.read(path))
    found = []
    with torch.no_grad():
        for counts in np.load(path.with_suffix(".npy")).astype(np.float32):
            found.append(step(torch.from_numpy(counts[None])).numpy().reshape(-1))
    return np.stack(found)


def main() -> int:
    tool, folder = sys.argv[1:]
    versions = {name: importlib.metadata.version(name) for name in (tool, "nir", "nirtorch", "torch")}
    torch.set_num_threads(1)
    for path in sorted(Path(folder).glob("*.nir")):
        try:
            np.save(path.with_suffix(".out.npy"), run(tool, path))
        except Exception as error:  # whatever the tool raises is its answer
            path.with_suffix(".txt").write_text(" ".join(f"{type(error).__name__}: {error}".split()))
    print("versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
