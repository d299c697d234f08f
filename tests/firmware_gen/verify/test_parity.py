"""Random models and events: the C, under the sanitizers, equals the runtime and the oracle in every value."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording, make_events
from edge_sast.model.bounds import accumulator_bound
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, OrPool, RecurrentLinear, SumPool
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import trace_format
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import compare_device
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import EVENT, recording_bytes, step_bytes
from firmware_gen.c_plan.kernels import kernels
from firmware_gen.c_plan.lanes import narrow_shifts
from firmware_gen.c_plan.layout import is_joined
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.verify.host import run_recordings
from tests.firmware_gen.builds import (
    PROGRAMS,
    SANITIZED,
    compile_c,
    everything_model,
    export,
    with_idle_cells,
)
from tests.firmware_gen.c_plan.test_lanes import at_the_bound
from tests.oracle import oracle_run
from tests.strategies import as_counts, binned, models, random_input, random_model, recordings

SEEDS = range(120)
WAYS = {-1: "below", 0: "at", 1: "above"}
STREAMS = 5


def make_inputs(model: Model, seed: int) -> list[np.ndarray]:
    """Counts [T, H, W, 2]: none, every input at its cap, and random ones."""
    rng = np.random.default_rng([seed, 1])
    grid = model.binning
    shape = (grid.steps, grid.height, grid.width, 2)
    edge = [np.zeros(shape, np.uint8), np.full(shape, grid.count_cap, np.uint8)]
    return edge + [random_input(rng, model) for _ in range(STREAMS)]


def drawn_model(seed: int) -> Model:
    return random_model(np.random.default_rng(seed))


@pytest.fixture
def host(sanitized_library, tmp_path):
    """Compiles a model's tables against the sanitized library; returns the program."""

    return lambda model: build_host(model, tmp_path, sanitized_library)


def build_host(model: Model, scratch: Path, library: Path) -> Path:
    """The program of `model`, made in the folder `scratch`."""
    folder = export(model, scratch / "build")
    sources = [folder / "src" / "a_model.c", folder / "host" / "host_main.c", library]
    compile_c(SANITIZED, sources, scratch / "host", folder / "include", folder / "host")
    return scratch / "host"


def raw_stream(recording: Recording, grid: Binning, rng: np.random.Generator) -> bytes:
    """The recording as a device meets it: every event, in any order inside its step; late ones left out."""
    events = recording.events
    steps = (events["t"] - events["t"][:1]) // grid.dt_us
    raw = []
    for step in range(grid.steps):
        chosen = events[rng.permutation(np.flatnonzero(steps == step))]
        packed = np.empty(len(chosen), EVENT)
        for field in ("x", "y", "p"):
            packed[field] = chosen[field]
        raw.append(len(chosen).to_bytes(4, "little") + packed.tobytes())
    return recording_bytes(raw)


def replay(program, model, streams):
    simulator = Simulator(model)
    form = trace_format(model, simulator.layers)
    names = [f"stream {i}" for i in range(len(streams))]
    return list(run_recordings(program, model, form, streams, names))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models(host, monkeypatch, seed):
    if seed % 2:
        with_idle_cells(monkeypatch)
    model = drawn_model(seed)
    inputs = make_inputs(model, seed)
    recordings = binned(model, inputs)
    streams = [recording_bytes(step_bytes(recordings, i)) for i in range(len(inputs))]
    simulator = Simulator(model)
    for i, got in enumerate(replay(host(model), model, streams)):
        assert compare_device(model, simulator.trace(recordings, i), got, Place(i, "random")).first is None
        check_against_oracle(oracle_run(model, inputs[i]), got)


def check_against_oracle(want, got):
    for t, step in enumerate(want.steps):
        assert got.trace.membranes[t].tolist() == [v for layer in step.layers for v in layer.membranes]
        assert got.trace.spikes[t].tolist() == [s for layer in step.layers for s in layer.spikes]
        assert got.trace.synops[t].tolist() == [layer.synops for layer in step.layers]
        assert got.trace.spike_counts[t].tolist() == [layer.spike_count for layer in step.layers]
        assert int(got.trace.crcs[t]) == step.crc
    assert got.trace.outputs.tolist() == want.outputs
    assert got.trace.prediction == want.winner


def features(model: Model) -> set[str]:
    """What of the arithmetic a model exercises."""
    found = {
        f"cap {'one' if model.binning.count_cap == 1 else 'many'}",
        f"shift {min(model.binning.shift, 1)}",
    }
    shapes = model.shapes()
    for index, layer in enumerate(model.layers):
        found.add(type(layer).__name__)
        if isinstance(layer, OrPool | SumPool):
            left_over = shapes[index].height % layer.size or shapes[index].width % layer.size
            found.add(f"{type(layer).__name__} {'with' if left_over else 'without'} left-over")
        if index:
            found.add(f"{type(layer).__name__} after {type(model.layers[index - 1]).__name__}")
    for plan in CPlan(model).weighted:
        layer, form, functions = plan.layer, plan.form, kernels(plan)
        bound = accumulator_bound(layer, plan.shape.max_count)
        kind = "narrow" if form.narrow else f"wide for {bound.bits} bits"
        standard = layer.weight_shift == (5 if layer.bits == 1 else 8 - layer.bits)
        found |= {f"{layer.bits} bits, {kind}, {'standard' if standard else 'other'} shift"}
        found |= {
            f"container {form.container} {'narrow' if form.narrow else 'wide'}",
            f"cell {min(form.cell, 2)}",
        }
        found |= {f"{'narrow' if form.narrow else 'wide'} {type(layer.neuron).__name__}"}
        found |= {functions.get("add"), functions["receive"]}
        found |= {f"{type(layer).__name__} {'narrow' if form.narrow else 'wide'}"}
        if form.narrow and isinstance(layer.neuron, Lif):
            found |= {f"narrow, {len(layer.neuron.leak_shifts)} leaks, reset {layer.neuron.reset}"}
            found.add(functions["fire"])
            found.add(f"offsets {'none' if not any(plan.lanes.offsets) else 'some'}")
            found |= {f"idle cells {form.idle_words > 0}"}
            clamped = narrow_shifts(layer.neuron) != layer.neuron.leak_shifts
            found |= {"leak beyond the state"} if clamped else set()
            found |= {"padded channels"} if layer.neuron.channels % 4 else {"whole quads"}
            out = shapes[index + 1]
            found |= {"padded positions"} if form.cells * form.cell > out.height * out.width else set()
            found |= {"at the bound"} if 32767 - max(-1 - bound.low, bound.high) < 64 else set()
        found |= {f"{len(layer.neuron.leak_shifts)} leaks", f"weight_shift {min(layer.weight_shift, 1)}"}
        found.add(f"reset {getattr(layer.neuron, 'reset', 'none')}")
        if isinstance(layer.neuron, Lif) and layer.neuron.amount is not None:
            way = np.sign(layer.neuron.amount - layer.neuron.threshold)
            found |= {
                f"amount {WAYS[n]} the threshold, {'narrow' if form.narrow else 'wide'}" for n in set(way)
            }
            found |= {f"amount, {len(layer.neuron.leak_shifts)} leaks"}
        if isinstance(layer, Conv2d):
            found |= {f"joined {is_joined(layer, form)} {'narrow' if form.narrow else 'wide'}"}
            found |= {f"groups {min(layer.groups, 2)} {'narrow' if form.narrow else 'wide'}"}
            found |= {f"stride {min(max(layer.stride), 2)}", f"padding {min(max(layer.padding), 1)}"}
            rows, columns, c_in, _ = layer.weight.shape
            found |= (
                {"stride beyond kernel"} if layer.stride[0] > rows or layer.stride[1] > columns else set()
            )
            found |= {"outputs in the padding"} if layer.padding[0] >= rows else set()
            found |= {"depthwise"} if layer.groups == c_in > 1 else set()
            found |= {"1x1 input"} if (shapes[index].height, shapes[index].width) == (1, 1) else set()
    last = model.layers[-1]
    found.add("integrator" if isinstance(getattr(last, "neuron", None), Integrator) else "spike count")
    found |= {"recurrent last"} if isinstance(last, RecurrentLinear) else set()
    return found


def test_the_seeds_cover_everything(monkeypatch):
    wanted = {
        "Conv2d",
        "Linear",
        "RecurrentLinear",
        "OrPool",
        "SumPool",
        "Flatten",
        "integrator",
        "spike count",
    }
    wanted |= {
        f"{bits} bits, narrow, {shift} shift" for bits in range(1, 9) for shift in ("standard", "other")
    }
    wanted |= {f"{bits} bits, wide for 16 bits, other shift" for bits in (3, 4, 5, 6, 7, 8)}
    wanted |= {f"container {bits} {form}" for bits in (1, 2, 4, 8) for form in ("narrow", "wide")}
    wanted |= {
        f"{kind} {form}" for kind in ("Conv2d", "Linear", "RecurrentLinear") for form in ("narrow", "wide")
    }
    wanted |= {f"{form} {kind}" for kind in ("Lif", "Integrator") for form in ("narrow", "wide")}
    wanted |= {f"narrow, {n} leaks, reset {reset}" for n in range(3) for reset in ("zero", "subtract")}
    wanted |= {f"amount {way} the threshold, {form}" for way in WAYS.values() for form in ("narrow", "wide")}
    wanted |= {f"amount, {n} leaks" for n in range(3)}
    wanted |= {"sast_add_wide", "sast_add_wide_8", "sast_linear_packed"}
    wanted |= {"sast_fire_1", "sast_fire_2", "sast_fire_k3", "offsets none", "offsets some"}
    wanted |= {
        "idle cells True",
        "idle cells False",
        "leak beyond the state",
        "padded channels",
        "whole quads",
        "padded positions",
        "at the bound",
    }
    wanted |= {f"joined {joined} {form}" for joined in (True, False) for form in ("narrow", "wide")}
    wanted |= {"cell 1", "cell 2", "recurrent last", "reset zero", "reset subtract"}
    wanted |= {f"{n} leaks" for n in range(3)} | {"cap one", "cap many"}
    wanted |= {f"{name} {n}" for name in ("shift", "weight_shift", "padding") for n in (0, 1)}
    wanted |= {f"groups {n} {form}" for n in (1, 2) for form in ("narrow", "wide")} | {"stride 1", "stride 2"}
    wanted |= {f"{kind} {word} left-over" for kind in ("OrPool", "SumPool") for word in ("with", "without")}
    wanted |= {"stride beyond kernel", "outputs in the padding", "depthwise", "1x1 input"}
    wanted |= {"Conv2d after Flatten", "OrPool after SumPool", "SumPool after OrPool", "Conv2d after SumPool"}
    wanted |= {"RecurrentLinear after RecurrentLinear", "Linear after RecurrentLinear"}
    found = set().union(*(features(drawn_model(seed)) for seed in SEEDS if seed % 2 == 0))
    with_idle_cells(monkeypatch)
    missing = wanted - found.union(*(features(drawn_model(seed)) for seed in SEEDS if seed % 2))
    assert missing == set()


@pytest.mark.parametrize("seed", range(0, 120, 4))
def test_unobserved_steps_leave_the_same_memory(sanitized_library, tmp_path, monkeypatch, seed):
    if seed % 8 == 0:
        with_idle_cells(monkeypatch)
    folder = export(drawn_model(seed), tmp_path / "build")
    sources = [PROGRAMS / "unobserved.c", folder / "src" / "a_model.c", sanitized_library]
    compile_c(SANITIZED, sources, tmp_path / "program", folder / "include")
    result = subprocess.run([tmp_path / "program"], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_loud_neuron_below_its_threshold_leaks(host):
    """Too few quiet bits for the leak's shift to leave any of, but one of a neuron between them and its threshold."""
    layer = at_the_bound()
    layer = replace(layer, weight=layer.weight[:2])
    model = Model(Binning(1, 1, 0, 1000, 3, 1), (Flatten(), layer), ("a", "b", "c"))
    counts = np.zeros((3, 1, 1, 2), np.uint8)
    counts[0, 0, 0, 0] = 1
    recordings = binned(model, [counts])
    (got,) = replay(host(model), model, [recording_bytes(step_bytes(recordings, 0))])
    check_against_oracle(oracle_run(model, counts), got)


def test_raw_events_in_any_order(host):
    """Events as a sensor gives them: several per input, beyond the cap, in any order inside a step."""
    model = everything_model()
    grid = model.binning
    rng = np.random.default_rng(3)
    n = 4000
    x, y = rng.integers(0, grid.sensor_width, n), rng.integers(0, grid.sensor_height, n)
    times = np.sort(rng.integers(0, grid.dt_us * grid.steps, n))
    recording = Recording(
        make_events(times, x, y, rng.integers(0, 2, n)), grid.sensor_width, grid.sensor_height, "drawn"
    )
    counts = as_counts(recording, grid)
    assert counts.max() == grid.count_cap
    (got,) = replay(host(model), model, [raw_stream(recording, grid, rng)])
    check_against_oracle(oracle_run(model, counts), got)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_drawn_models_on_drawn_events(sanitized_library, data):
    """Hypothesis searches, and shrinks what it finds: three implementations, from raw events to every value."""
    model = data.draw(models())
    recording = data.draw(recordings(model))
    stream = raw_stream(recording, model.binning, np.random.default_rng(0))
    with TemporaryDirectory() as scratch:
        (got,) = replay(build_host(model, Path(scratch), sanitized_library), model, [stream])
    counts = as_counts(recording, model.binning)
    expected = Simulator(model).trace(binned(model, [counts]), 0)
    assert compare_device(model, expected, got, Place(0, "drawn")).first is None
    check_against_oracle(oracle_run(model, counts), got)


def test_a_recording_does_not_depend_on_the_one_before(host):
    model = everything_model()
    recordings = binned(model, make_inputs(model, 5))
    streams = [recording_bytes(step_bytes(recordings, i)) for i in (1, 2, 3, 2)]
    _, first, _, again = replay(host(model), model, streams)
    assert first.trace.crcs.tolist() == again.trace.crcs.tolist()
    assert first.total_synops.tolist() == again.total_synops.tolist()
