"""What every writer refuses, wherever its chunks fall."""

import io

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.registry import writer_for

SENSOR = (30, 30)
IN_ORDER = (".bin", ".es", ".raw", ".h5")  # forms that hold no step back


def _events(count=9000):
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.arange(count) * 3000  # to 27 s: beyond the 23 bits of ATIS and the 24 of EVT3
    return events


def _refused(suffix, events, cut) -> str:
    with pytest.raises(EdgeSastError) as refused:
        writer_for(suffix).write(io.BytesIO(), SENSOR, [events[:cut], events[:0], events[cut:]])
    return str(refused.value)


@pytest.mark.parametrize("suffix", IN_ORDER)
@pytest.mark.parametrize("cut", [0, 1, 5999, 6000, 6001, 9000])
def test_a_step_back_is_told_wherever_it_falls(suffix, cut):
    events = _events()
    events["t"][6000:] -= 15_000_000
    told = _refused(suffix, events, cut)
    assert told.startswith("event 6000: "), told
    assert "from 17997000 µs to 3000000 µs" in told or "t=3000000 µs does not fit" in told


@pytest.mark.parametrize(
    ("suffix", "value"), [(".bin", 256), (".es", 30), (".raw", 30), (".aedat4", 1 << 15)]
)
@pytest.mark.parametrize("cut", [0, 1, 8851, 8852, 8853, 9000])
def test_an_event_is_told_by_its_number_in_the_file(suffix, value, cut):
    events = _events()
    events["x"][8852] = value
    assert _refused(suffix, events, cut).startswith(f"event 8852: x={value} does not fit ")
