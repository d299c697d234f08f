import pytest

from edge_sast.errors import EdgeSastError
from trainer.settings.passes import Spike


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"forward": "soft"}, r"^--forward is 'soft'; choose smooth, hard, mixed, stochastic$"),
        ({"forward": "hard", "surrogate": "relu"}, r"^--surrogate is 'relu'; choose arctan"),
        ({"forward": "hard", "beta": 0.0}, r"^--beta is 0; it must be above 0 and finite$"),
        (
            {"forward": "hard", "surrogate": "asymmetric", "beta": 0.9},
            r"^--beta is 0\.9; --surrogate asymmetric",
        ),
        ({"forward": "mixed", "mix": 1.5}, r"^--mix is 1\.5; it must be 0 to 1$"),
        ({"forward": "hard", "mask": 1.0}, r"^--mask is 1\.0; it must be 0 or more and below 1$"),
        (
            {"forward": "smooth", "mask": 0.5},
            r"^--mask is 0\.5, but the forward pass is smooth; only hard takes one$",
        ),
    ],
)
def test_values_outside_their_range_are_refused(fields, message):
    with pytest.raises(EdgeSastError, match=message):
        Spike(**fields)


def test_hard_is_the_hard_forward():
    assert Spike("hard").hard
    assert not Spike("stochastic").hard
