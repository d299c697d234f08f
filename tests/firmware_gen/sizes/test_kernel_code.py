"""The code of one model's kernels stays small: on a Cortex-M4 with -Os, as test_fit holds it to linked programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference_network import reference_model

from edge_sast.model.model import Model
from edge_sast.model.modelfile import load
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.prediction import predict
from tests.firmware_gen.builds import everything_model

EXAMPLE = Path(__file__).parents[3] / "examples" / "nmnist-int8.safetensors"
MOST = 6 * 1024
MODELS = {
    "example": lambda: load(EXAMPLE),
    "reference": lambda: reference_model(0.05),
    "everything": everything_model,
}


@pytest.mark.parametrize("name", MODELS)
def test_code_of_one_model(name):
    model: Model = MODELS[name]()
    assert 0 < predict(CPlan(model), "cortex-m4").code <= MOST
