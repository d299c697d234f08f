"""Sizes of a core that takes several models, as worked out, told by a device, and kept to."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Linear, RecurrentLinear
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator
from firmware_gen.rtl_gen.loading.fit import fitted
from firmware_gen.rtl_gen.loading.sizes import NAMES, WORDS, check_spram, make_sizes, told
from firmware_gen.rtl_gen.loading.stream import LOADED, MODEL, checksum, core_parts, program_parts
from firmware_gen.rtl_gen.plan import DEPTHS, RtlPlan
from tests.firmware_gen.builds import everything_model, lif, small_model, weights
from tests.firmware_gen.rtl_gen.checking import assert_equal, events_of
from tests.firmware_gen.rtl_gen.interpreter import Core
from tests.strategies import binned, random_input, random_model


def test_sizes_are_told_in_words_and_in_a_document():
    sizes = make_sizes([small_model(), everything_model()], 8, spare_bits=2, spare_words=25)
    words = sizes.image.words
    assert len(words) == WORDS
    assert told(words) == sizes
    assert told(list(words)).localparams == sizes.localparams
    document = json.loads(sizes.document())
    assert document["constants"] == sizes.constants
    assert document["link"]["load"]


def test_sizes_hold_every_model_and_what_is_asked_beyond():
    models = [small_model(), everything_model()]
    exact = make_sizes(models, 4, spare_bits=0, spare_words=0).constants
    more = make_sizes(models, 4, spare_bits=2, spare_words=50).constants
    needs = [RtlPlan(model, 4).needs for model in models]
    assert exact["ODEPTH"] == max(need["ODEPTH"] for need in needs)
    assert exact["SMIN"] == min(need["SMIN"] for need in needs)
    assert more["UDEPTH"] == exact["UDEPTH"] + exact["UDEPTH"] // 2
    assert more["MW"] == exact["MW"] + 2
    assert set(NAMES) == set(exact)
    with pytest.raises(EdgeSastError, match=r"^--spare-words is 1001; it must be 0 to 1000$"):
        make_sizes(models, 4, spare_words=1001)


@pytest.mark.parametrize("change", [(0, 2, "sizes have format 2"), (1, 0, "another edge-sast's program")])
def test_sizes_of_another_version_are_refused(change):
    at, value, why = change
    words = list(make_sizes([small_model()], 2).image.words)
    words[at] = value
    with pytest.raises(EdgeSastError, match=why):
        told(words)


@pytest.mark.parametrize("seed", range(12))
def test_random_models_in_one_core_of_slow_python(seed):
    """Laid out in the sizes of both, each does what the runtime does."""
    rng = np.random.default_rng([seed, 5])
    models = [random_model(rng), random_model(rng)]
    lanes = (1, 2, 4, 8, 16)[seed % 5]
    sizes = make_sizes(models, lanes, seed % 3)
    for model in models:
        plan = fitted(model, sizes)
        assert {image.name: len(image.words) for image in plan.images}["rows"] == sizes.constants["RDEPTH"]
        running = {name: plan.needs[name] for name in ("STEPS", "COUNT_CAP", "LIF_OUT", "COUNTED", "CLASSES")}
        counts = random_input(rng, model)
        data = binned(model, [counts])
        used = {DEPTHS.get(image.name, "UDEPTH"): len(image.words) for image in plan.contents}
        core = Core(plan.contents, plan.localparams | running | used)
        assert_equal(Simulator(model).trace(data, 0), core.run(events_of(counts)))


def test_a_stream_is_whole_and_cut_at_words():
    sizes = make_sizes([everything_model(), small_model()], 16)
    parts = core_parts(fitted(small_model(), sizes))
    assert parts[-1].memory == MODEL
    assert parts[-1].pieces[2] & LOADED
    for part in parts:
        cut = list(part.cut(55))
        assert sum((piece.pieces for piece in cut), ()) == part.pieces
        assert all(len(piece.pieces) <= 55 and not len(piece.pieces) % piece.pieces_a_word for piece in cut)
        assert cut[0].address == 0
        addresses = [piece.address for piece in cut[1:]]
        assert addresses == [piece.address + len(piece.pieces) // piece.pieces_a_word for piece in cut[:-1]]
    assert checksum(parts[:1]) != checksum(parts)
    assert all(part.pieces[0] < 256 for part in program_parts(small_model(), sizes))


GRID = Binning(6, 5, 0, 1000, 3, 2)


def network(
    *, channels=5, classes=3, leaks=(2,), reset="zero", bits=4, shift=0, grid=GRID, state=12, more=()
):
    rng = np.random.default_rng(1)
    first = Conv2d(
        weights(rng, bits, 3, 3, 2, channels),
        bits,
        lif(rng, channels, 8, leaks, reset, state),
        shift,
        (2, 2),
        (1, 1),
        1,
    )
    width, height = (grid.width + 1) // 2, (grid.height + 1) // 2
    last = Linear(
        weights(rng, 4, channels * width * height, classes),
        4,
        Integrator([0] * classes, [0] * classes, leaks, 20),
    )
    return Model(grid, (first, *more, Flatten(), last), tuple("abcdefgh"[:classes]))


def recurrent():
    rng = np.random.default_rng(2)
    base = network()
    own = RecurrentLinear(weights(rng, 4, 45, 6), weights(rng, 4, 6, 6), 4, lif(rng, 6, 8))
    last = Linear(weights(rng, 4, 6, 3), 4, Integrator([0] * 3, [0] * 3, (2,), 20))
    return Model(GRID, (base.layers[0], Flatten(), own, last), base.classes)


REFUSED = {
    "channels": (
        network(channels=24),
        r"layers\[0\]: needs .* \(MDEPTH: membrane words\).*fewer channels, or pool more",
    ),
    "classes": (
        network(classes=4),
        r"\(CLASSES: neurons of the last layer\), the core has 3; use fewer classes",
    ),
    "leak": (
        network(leaks=(3,)),
        r"layers\[0\]: leaks by shifts of \[3\], the core by 2 alone; use leak_shifts \[2\]",
    ),
    "leaks": (network(leaks=(1, 2)), r"layers\[0\]: needs 2 \(LEAKS: .*the core has 1; use one leak shift"),
    "reset": (network(reset="subtract"), r"layers\[0\]: needs 1 \(SUBTRACT: .*the core has 0; reset to zero"),
    "bits": (network(bits=8), r"layers\[0\]: needs \d+ \((MW|WBITS): .*use fewer"),
    "state": (
        network(state=9),
        r"layers\[0\]: needs 9 \(SMIN: least bits of state.*the core has 12; use more state_bits",
    ),
    "recurrence": (recurrent(), r"(RECURRENT|MDEPTH|EDEPTH|UDEPTH)"),
    "steps": (
        network(grid=replace(GRID, steps=300)),
        r"^binning: needs 9 \(STB: bits of a step\), the core has 2; use fewer steps",
    ),
    "grid": (network(grid=replace(GRID, sensor_width=160)), r"needs"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_named(name):
    model, why = REFUSED[name]
    sizes = make_sizes([network()], 4, spare_bits=0)
    fitted(network(), sizes)
    with pytest.raises(EdgeSastError, match=why) as refused:
        fitted(model, sizes)
    assert re.search(
        r"synthesise one with 'edge-sast export --target verilog --loadable --fits MODEL'$",
        str(refused.value),
    )
    fitted(model, make_sizes([network(), model], 4, spare_bits=0))  # a remedy that holds


def test_amounts_need_a_core_that_knows_of_them():
    """Which then takes off the threshold as an amount where a model has none."""
    plain = network(reset="subtract")
    first = plain.layers[0]
    cell = replace(first.neuron, amount=first.neuron.threshold * 2)
    taking = replace(plain, layers=(replace(first, neuron=cell), *plain.layers[1:]))
    without = make_sizes([plain], 4, spare_bits=0)
    assert without.constants["AMB"] == 0
    why = (
        r"^layers\[0\]: needs \d \(AMB: bits of what a spike takes off.* the core has 0; "
        "let a spike take off the threshold, or reset to zero, or synthesise one"
    )
    with pytest.raises(EdgeSastError, match=why):
        fitted(taking, without)
    sizes = make_sizes([plain, taking], 4, spare_bits=1)
    assert sizes.constants["AMB"] == int(cell.amount.max()).bit_length() + 1
    p = sizes.constants
    for model, wanted in ((plain, first.neuron.threshold), (taking, cell.amount)):
        plan = fitted(model, sizes)
        [params] = [image.words for image in plan.contents if image.name == "params"]
        places = plan.parameter_places(0)
        width = 1 + p["TB"] + p["AMB"]
        found = [
            params[word] >> lane * width + 1 + p["TB"] & (1 << p["AMB"]) - 1
            for word, lane in zip(places.word.tolist(), places.lane.tolist(), strict=True)
        ]
        assert found == wanted.tolist()


def test_a_larger_weight_shift_does_not_fit():
    sizes = make_sizes([network()], 4, spare_bits=8)
    with pytest.raises(EdgeSastError, match=r"^layers\[0\]: needs 2 \(WSHW: .*use a smaller weight_shift"):
        fitted(network(shift=2), sizes)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"P": 16, "B": 4},
            "--spram: weights of 8 bits at 16 lanes take 8 blocks of SPRAM, an iCE40 UP5K has 4; use fewer --lanes or "
            "weight bits, or leave it out",
        ),
        (
            {"UDEPTH": 16_385},
            "--spram: 16,385 words of weights in each bank, SPRAM holds 16,384; use fewer channels or smaller kernels",
        ),
    ],
)
def test_weights_that_do_not_fit_into_spram(changed, told):
    whole = {"P": 8, "B": 2, "G": 4, "WBITS": 8, "UDEPTH": 16_384}
    check_spram(whole)
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        check_spram(whole | changed)
