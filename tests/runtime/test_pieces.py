"""Runs of weights, cut into pieces."""

import numpy as np
import pytest

from edge_sast.runtime.pieces import (
    ADD_2_OF_8,
    ADD_8,
    ADD_16,
    ADD_32,
    ADD_64,
    ADD_SOME,
    Layout,
    padded_channels,
    pieces,
)


@pytest.mark.parametrize(("channels", "lanes"), [(1, 8), (8, 8), (9, 16), (12, 16), (24, 32), (64, 64)])
def test_positions_are_whole_vectors_apart(channels, lanes):
    assert padded_channels(channels, groups=1) == lanes
    assert padded_channels(2 * channels, groups=2) == 2 * channels


@pytest.mark.parametrize(
    ("layout", "forms"),
    [
        (Layout(8, 8, 1), [ADD_8]),
        (Layout(8, 8, 3), [ADD_2_OF_8, ADD_8]),
        (Layout(16, 16, 2), [ADD_32]),
        (Layout(64, 64, 3), [ADD_64] * 3),
        (Layout(16, 16, 7), [ADD_64, ADD_32, ADD_16]),
        (Layout(6, 3, 2), [ADD_SOME] * 2),
        (Layout(24, 12, 1), [ADD_8, ADD_SOME]),
    ],
)
def test_every_lane_is_in_one_piece(layout, forms):
    found = pieces(layout)
    assert found["form"].tolist() == forms
    lanes = [np.arange(piece["first"], piece["first"] + piece["size"]) for piece in found]
    assert np.concatenate(lanes).tolist() == list(range(layout.group * layout.columns))
    for piece, lane in zip(found, lanes, strict=True):
        places = lane // layout.group * layout.pitch + lane % layout.group
        assert places.tolist() == list(range(piece["membrane"], piece["membrane"] + piece["size"]))
