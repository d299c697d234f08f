"""Files as a model wants them."""

import pytest

from edge_sast.datasets.files import read_events
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning

BINNING = Binning(sensor_width=9, sensor_height=7, shift=0, dt_us=1000, steps=2, count_cap=1)


def test_a_file_that_says_no_sensor_is_of_the_models(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("t,x,y,p\n5,8,6,1\n1010,0,0,0\n")
    binned = read_events(path, binning=BINNING)
    assert (binned.indices.tolist(), binned.step_ptr.tolist()) == ([(6 * 9 + 8) * 2 + 1, 0], [0, 1, 2])
    path.write_text("t,x,y,p\n5,9,6,1\n")
    with pytest.raises(
        EdgeSastError, match=r"a\.csv: event 0 .*: x=9 lies outside the 9x7 sensor; pass --sensor"
    ):
        read_events(path, binning=BINNING)
    with pytest.raises(EdgeSastError, match=r"a\.csv: sensor 10x7 is not the binning's 9x7; pass --sensor"):
        read_events(path, binning=BINNING, sensor=(10, 7))


def test_no_file():
    with pytest.raises(EdgeSastError, match=r"^read_events: no file is named; give one or more$"):
        read_events(binning=BINNING)
