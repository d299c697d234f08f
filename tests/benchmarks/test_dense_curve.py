"""The comparison of spiking firmware with a dense network: its counts, its crossing points, its plot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dense import Comparison, as_plain, crossing, show, summary
from dense_cases import (
    EVENTS_A_SPIKE,
    Case,
    Point,
    dense_network,
    event_points,
    measure_dense,
    measure_point,
    with_repeats,
)
from dense_plot import write
from reference_network import random_events, reference_model

from edge_sast.dense.network import Conv, Linear, MaxPool, Size
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, OrPool
from edge_sast.model.layers import Linear as SpikingLinear
from edge_sast.model.model import Model
from firmware_gen.build.event_bytes import step_bytes
from firmware_gen.emulator.cycles import Cost
from firmware_gen.emulator.measure import measure
from firmware_gen.toolchain.cores import find_core


@pytest.fixture(scope="module")
def model() -> Model:
    rng = np.random.default_rng(1)

    def weights(*shape: int) -> np.ndarray:
        return rng.integers(-20, 21, shape)

    def lif(channels: int) -> Lif:
        zeros = np.zeros(channels, int)
        return Lif(np.full(channels, 40), zeros, zeros, (3,), "zero", 14)

    return Model(
        Binning(10, 10, 0, 1000, 3, 1),
        (
            Conv2d(weights(3, 3, 2, 4), 8, lif(4)),
            OrPool(2),
            Conv2d(weights(3, 3, 4, 8), 8, lif(8), stride=(2, 2), padding=(1, 1)),
            Flatten(),
            SpikingLinear(weights(32, 4), 8, Integrator(np.zeros(4, int), np.zeros(4, int), (4,), 14)),
        ),
        tuple("0123"),
    )


def test_the_dense_network_has_the_shapes_of_the_model(model: Model) -> None:
    network = dense_network(model)
    assert [type(layer) for layer in network.layers] == [Conv, MaxPool, Conv, Linear]
    spiking = [shape for shape in model.shapes() if (shape.height, shape.width) != (1, 1)]
    assert network.sizes()[:-1] == [Size(s.height, s.width, s.channels) for s in spiking]
    assert network.macs() == 8 * 8 * 4 * 18 + 2 * 2 * 8 * 36 + 32 * 4


def test_the_reference_network_has_the_multiplications_that_are_quoted() -> None:
    assert dense_network(reference_model(0.05)).macs() == 1_709_600


def test_a_point_counts_what_the_instruction_benchmark_counts(model: Model) -> None:
    events = random_events(model, 0.1, 2)
    point = measure_point(model, events, "cortex-m4", "zig", [step_bytes(events, i) for i in range(2)])
    counted = measure(model, events, find_core("cortex-m4"), "zig", ("-O3",))
    costs = [cost for costs in point.steps for cost in costs]
    assert sum(cost.instructions for cost in costs) == counted.instructions
    assert point.unique_steps == point.steps
    assert point.synops * counted.steps == counted.synops
    assert point.rate == pytest.approx(events.counts.sum() / 6 / 200)
    assert all(cost.instructions < cost.cycles["cortex-m4"] < 3 * cost.instructions for cost in costs)


def test_a_decision_is_the_first_steps_of_each_recording() -> None:
    steps = [[Cost(n, {"cortex-m4": 2 * n}) for n in counts] for counts in ((1, 2, 4), (3, 5, 9))]
    point = Point(0.1, 0.0, steps, [costs[::-1] for costs in steps])
    assert point.decision("instructions", 2, unique=True) == (6 + 14) / 2
    assert point.decision("instructions", 2) == (3 + 8) / 2
    assert point.decision("cortex-m4", 3) == (14 + 34) / 2
    assert point.decision("instructions", 1) == 4.0


@pytest.mark.needs("arm-none-eabi-gcc")
def test_random_events_repeat_inputs_as_a_sensor_does(model: Model) -> None:
    events = random_events(model, 0.2, 20)
    sent = with_repeats(events, EVENTS_A_SPIKE)
    assert sent.capped(1).digest() == events.digest()
    assert sent.counts.mean() == pytest.approx(1.85, abs=0.1)
    (point,) = event_points(Case("small", "a small network", lambda _rate: model), [0.2], "cortex-m4", "gcc")
    pairs = zip(point.steps[0], point.unique_steps[0], strict=True)
    assert all(sent.instructions > unique.instructions for sent, unique in pairs)


@pytest.mark.parametrize(
    ("dense", "expected"),
    [(50, "< 0.1 %"), (100, "< 0.1 %"), (1000, "1 %"), (2000, "3.2 %"), (4000, "10 %"), (4001, "> 10 %")],
)
def test_crossings_lie_on_straight_lines_between_logarithms(dense: float, expected: str) -> None:
    assert crossing([0.001, 0.01, 0.1], [100.0, 1000.0, 4000.0], dense) == expected


@pytest.mark.needs("arm-none-eabi-gcc")
def test_tables_and_plot_of_a_small_network(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case("small", "a small network", lambda _rate: model)
    comparisons = []
    for core in ("cortex-m4", "cortex-m0"):
        points = event_points(case, [0.02, 0.2], core, "gcc")
        comparisons.append(Comparison(case, core, points, measure_dense(model, core, "gcc"), points[0]))
        show(comparisons[-1])
    shown = capsys.readouterr().out
    assert "a small network, cortex-m4: 5,888 MACs per dense frame" in shown
    assert "estimated cycles, cortex-m0plus" in shown
    assert [row[0] for row in as_plain(comparisons[0])["crossings"]["instructions"]] == [
        "int8, plain C",
        "int8, SMLAD",
    ]
    rows = summary(comparisons[:1]).splitlines()
    assert rows[0].startswith("| network | counted | per dense frame | per step at 2, 20 % | T = 1 |")
    assert [row.count("|") for row in rows] == [8, 8, 8, 8]
    assert write(comparisons[:1], tmp_path).read_bytes().startswith(b"\x89PNG")
