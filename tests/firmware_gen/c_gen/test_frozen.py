"""The exported C stays byte for byte what it was: copies of models, and hashes of what an export of each wrote.

Who changes the C on purpose proves first that it still computes the same (and compiles to the same code where only
words change), then writes the hashes anew: python -m tests.firmware_gen.c_gen.test_frozen
"""

import hashlib
import json
from pathlib import Path

import pytest

import edge_sast
from edge_sast.model import modelfile
from firmware_gen.c_gen.target import generate

FOLDER = Path(__file__).parent / "frozen"
HASHES = FOLDER / "exports.json"
MODELS = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
VERSION = "0.1.0"  # it stands in the banners


def _export(name: str) -> dict[str, str]:
    files = generate(modelfile.load(FOLDER / f"{name}.safetensors"))
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path != "manifest.json"}


def _all() -> dict[str, dict[str, str]]:
    """Path to hash of the files that all exports with such a file share, and of each model the others."""
    exports = {name: _export(name) for name in MODELS}
    contents: dict[str, set[str]] = {}
    for export in exports.values():
        for path, digest in export.items():
            contents.setdefault(path, set()).add(digest)
    shared = {path: digests.pop() for path, digests in sorted(contents.items()) if len(digests) == 1}
    own = {
        name: {p: digest if p not in shared else "shared" for p, digest in export.items()}
        for name, export in exports.items()
    }
    for export in own.values():
        taken = " ".join(path for path, digest in export.items() if digest == "shared")
        for path in taken.split():
            del export[path]
        export["paths of the others"] = hashlib.sha256(taken.encode()).hexdigest()
    return {"shared": shared, **own}


def test_there_are_the_examples_and_thirty_random_models():
    assert len([name for name in MODELS if name.startswith("nmnist")]) == 3
    assert len([name for name in MODELS if name.startswith("random")]) == 30


def test_exports_are_what_they_were(monkeypatch):
    monkeypatch.setattr(edge_sast, "__version__", VERSION)
    wanted, found = json.loads(HASHES.read_text()), _all()
    assert list(found) == list(wanted)
    for name, files in wanted.items():
        changed = [path for path in files if found[name].get(path) != files[path]]
        assert not changed, f"{name}: {', '.join(changed)}"
        assert found[name] == files


def test_a_changed_byte_of_a_table_is_seen(monkeypatch):
    name = MODELS[0]
    before = _export(name)
    model = modelfile.load(FOLDER / f"{name}.safetensors")
    first = model.layers[0]
    assert first.weight.flat[0] != 1
    edited = first.weight.copy()
    edited.flat[0] = 1
    layers = (type(first)(**{**vars(first), "weight": edited}), *model.layers[1:])
    monkeypatch.setattr(modelfile, "load", lambda _: type(model)(**{**vars(model), "layers": layers}))
    assert _export(name)["src/sast_model.c"] != before["src/sast_model.c"]


if __name__ == "__main__":
    if edge_sast.__version__ != VERSION:
        pytest.exit(f"write {VERSION!r} anew as VERSION: edge-sast is {edge_sast.__version__}")
    HASHES.write_text(json.dumps(_all(), indent=1) + "\n")
