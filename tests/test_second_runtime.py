"""A runtime written from the pages alone, beside `edge-sast run` on files: every CRC, counter, output and answer."""

import json
from pathlib import Path

import numpy as np

from edge_sast.cli.main import main
from edge_sast.events.recording import make_events
from edge_sast.formats.atis import write_recording_atis
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from tests.early import random_early_model
from tests.second_runtime import read_model, run
from tests.strategies import random_model

MODELS = 40


def random_events(rng: np.random.Generator, model: Model) -> list[tuple[int, int, int, int]]:
    """Up to 300 events, some of them after the last step, many in one place."""
    grid = model.binning
    n = int(rng.integers(0, 300))
    t = np.sort(rng.integers(0, (grid.steps + 1) * grid.dt_us, n))
    x, y = rng.integers(0, grid.sensor_width, n), rng.integers(0, grid.sensor_height, n)
    return list(zip(t.tolist(), x.tolist(), y.tolist(), rng.integers(0, 2, n).tolist(), strict=True))


def test_random_models(tmp_path):
    rngs = [np.random.default_rng([17, seed]) for seed in range(MODELS)]
    spiking = sum(compared(tmp_path, rng, random_model(rng)) > 0 for rng in rngs)
    assert spiking > MODELS // 2


def test_models_that_answer_early(tmp_path):
    for seed in range(MODELS // 2):
        rng = np.random.default_rng([18, seed])
        compared(tmp_path, rng, random_early_model(rng)[0])
    ended = [json.loads(line) for line in (tmp_path / "lengths.jsonl").read_text().splitlines()]
    assert sum(computed < steps for computed, steps in ended) > MODELS // 4


def compared(folder: Path, rng: np.random.Generator, model: Model) -> int:
    """One model on two random recordings; how often it spiked. Adds the steps computed and all to lengths.jsonl."""
    modelfile.save(model, folder / "model.safetensors")
    recordings = [random_events(rng, model) for _ in range(2)]
    for i, events in enumerate(recordings):
        columns = np.array(events, np.int64).reshape(-1, 4).T
        (folder / f"{i}.bin").write_bytes(write_recording_atis(make_events(*columns)))
    sensor = f"{model.binning.sensor_width}x{model.binning.sensor_height}"
    files = [str(folder / "0.bin"), str(folder / "1.bin")]
    command = ["run", str(folder / "model.safetensors"), *files, "--sensor", sensor]
    assert main([*command, "--crc", str(folder / "steps.jsonl")]) == 0
    head, *told = (json.loads(line) for line in (folder / "steps.jsonl").read_text().splitlines())
    file = read_model((folder / "model.safetensors").read_bytes())
    assert head["model_hash"] == file.document["hash"]
    spiked = 0
    for entry, events in zip(told, recordings, strict=True):
        crcs, counters, outputs, answer = run(file, events)
        assert entry["crcs"] == [f"{crc:08x}" for crc in crcs]
        assert entry["synops"] == [[synops for synops, _ in step] for step in counters]
        assert entry["spikes"] == [[spikes for _, spikes in step] for step in counters]
        assert (entry["outputs"], entry["prediction"]) == (outputs, answer)
        spiked += sum(spikes for step in counters for _, spikes in step)
        with open(folder / "lengths.jsonl", "a", encoding="utf-8") as lengths:
            lengths.write(f"[{len(crcs)}, {model.binning.steps}]\n")
    return spiked
