import pytest

from edge_sast.errors import EdgeSastError
from trainer.settings.bits import bits_name, parse_bits


@pytest.mark.parametrize(
    ("text", "layers", "bits", "name"),
    [
        ("8", 3, (8, 8, 8), "int8"),
        ("2", 1, (2,), "int2"),
        ("1", 2, (1, 1), "binary"),
        ("8,4,4,8", 4, (8, 4, 4, 8), "int8-4-4-8"),
        ("8,1", 2, (8, 1), "int8-1"),
        ("4,4", 2, (4, 4), "int4"),
    ],
)
def test_widths_and_their_name(text, layers, bits, name):
    assert parse_bits(text, layers) == bits
    assert bits_name(bits) == name


@pytest.mark.parametrize("text", ["", "0", "9", "08", "8,4", "8,4,4,8", "8,,8", "8,4,x", "²", "8, 4, 8"])
def test_other_texts_are_refused(text):
    with pytest.raises(EdgeSastError) as caught:
        parse_bits(text, 3)
    assert str(caught.value) == (
        f"--bits is {text}; it must be 1 to 8, or 3 such widths, one per layer with weights"
    )


def test_a_network_of_one_layer():
    with pytest.raises(EdgeSastError, match=r"^--bits is 8,8; it must be 1 to 8$"):
        parse_bits("8,8", 1)
