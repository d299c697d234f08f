import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape
from trainer.settings.architecture import NAMED, ConvSpec, DenseSpec, PoolSpec, parse, shapes


def test_parse_all_tokens():
    assert parse("12c5s2p1g2-or2-sum3-fc20-rec8-out", 7) == [
        ConvSpec(12, 5, 2, 1, 2),
        PoolSpec("or", 2),
        PoolSpec("sum", 3),
        DenseSpec(20),
        DenseSpec(8, recurrent=True),
        DenseSpec(7, spiking=False),
    ]


@pytest.mark.parametrize("name", sorted(NAMED))
def test_named_architectures_fit_nmnist(name):
    assert shapes(parse(name, 10), Shape(34, 34, 2))[-1] == Shape(1, 1, 10)


def test_shapes_follow_pytorch_and_count_sums():
    specs = parse("sum2-8c5s2p2-or2-out", 10)
    assert shapes(specs, Shape(34, 35, 2, 3)) == [
        Shape(34, 35, 2, 3),
        Shape(17, 17, 2, 12),
        Shape(9, 9, 8),
        Shape(4, 4, 8),
        Shape(1, 1, 10),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12c5", r"--arch '12c5': the last token is '12c5'; end with 'out' or 'count'"),
        ("out-8c3-out", r"'out' is a read-out; only the last token may be one"),
        ("8c3q2-out", r"token '8c3q2' is no layer; use tiny, .* or tokens such as"),
        ("lstm4-out", r"token 'lstm4' is no layer"),
        ("0c3-out", r"token '0c3' holds 0; give 1 to 65535"),
        ("9" * 5000 + "c3-out", r"is no layer; use tiny"),
        ("8c3s2s1-out", r"token '8c3s2s1' gives 's' twice"),
    ],
)
def test_parse_refuses(text, message):
    with pytest.raises(EdgeSastError, match=message):
        parse(text, 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8c9-out", r"kernel 9 on 6x6x2; use a smaller kernel"),
        ("or7-out", r"a pool of 7 on 6x6x2"),
        ("fc8-or2-out", r"a pool of 2 after a fully connected layer"),
        ("fc8-or1-out", r"a pool of 1 after a fully connected layer; put it before"),
        ("rec8-4c1-out", r"a convolution after a fully connected layer; put it before"),
        ("rec65535-out", r"a layer of 4299554\d+ weights is more than 134217728; use fewer neurons"),
        ("8c3g3-out", r"groups 3 must divide both 2 input and 8 channels"),
        ("8c3p3-out", r"padding 3 with kernel 3; it must be smaller"),
    ],
)
def test_shapes_refuse(text, message):
    with pytest.raises(EdgeSastError, match=message):
        shapes(parse(text, 10), Shape(6, 6, 2))


LARGE = [  # what export would refuse after the training
    (
        "8c3p1-out",
        Shape(128, 128, 2),
        r"shape: channels is 131072; it must be 1 to 65535: .* before a flatten",
    ),
    (
        "64c5-or16-or4-out",
        Shape(128, 128, 2, 255),
        r"one step can cost \d+ SynOps, more than a 32-bit counter holds",
    ),
    (
        "fc40000-out",
        Shape(1, 1, 600, 255),
        r"one step can cost 6120000000 SynOps, more than a 32-bit counter holds",
    ),
    (
        "sum16-sum2-out",
        Shape(64, 64, 2, 64),
        r"shape: max_count is 65536; it must be 1 to 65535: lower count_cap",
    ),
    (
        "300c1-out",
        Shape(512, 512, 2),
        r"shape: 512x512x300, 78643200 neurons; at most 16777216 fit one layer",
    ),
    ("1c256-out", Shape(300, 300, 2), r"a kernel of 256 is too large; give 1 to 255"),
    ("1c3s256-out", Shape(300, 300, 2), r"a stride of 256 is too large; give 1 to 255"),
    ("or256-out", Shape(300, 300, 2), r"a pool of 256 is too large; give 1 to 255"),
]


@pytest.mark.parametrize(("text", "shape", "message"), LARGE)
def test_what_no_model_file_holds_is_told_before_training(text, shape, message):
    with pytest.raises(EdgeSastError, match=f"^--arch: {message}"):
        shapes(parse(text, 10), shape)


def test_the_largest_that_a_model_file_holds():
    assert shapes(parse("1c1s255-out", 10), Shape(65_535, 128, 2))[-2].neurons == 257
    assert shapes(parse("5c1-out", 10), Shape(13_107, 1, 2))[-2].neurons == 65_535
