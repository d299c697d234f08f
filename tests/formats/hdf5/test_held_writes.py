"""A file that never tells HDF5's library of a full disk: what was written is read, and the error comes with `check`."""

import errno
import io

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.hdf5.held_writes import HeldWrites
from edge_sast.formats.hdf5.write import write_hdf5
from edge_sast.spool import Spool


class FullSpool(Spool):
    """Takes so many bytes, as a disk does: a part of a write, then none."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data):
        if not self.room:
            error = OSError(errno.ENOSPC, "No space left on device")
            raise EdgeSastError("/tmp: cannot hold a temporary file: No space left on device") from error
        done = super().write(data[: self.room])
        self.room -= done
        return done


@pytest.mark.parametrize("room", [0, 1, 50, 333, 10_000])
def test_what_is_written_is_read_whatever_the_disk_takes(room):
    rng = np.random.default_rng(room)
    truth = bytearray()
    with FullSpool(room) as spool:
        held = HeldWrites(spool)
        for _ in range(60):
            place, data = int(rng.integers(0, len(truth) + 9)), rng.bytes(int(rng.integers(1, 20)))
            truth.extend(bytes(max(0, place + len(data) - len(truth))))
            truth[place : place + len(data)] = data
            assert held.seek(place) == place
            assert held.write(data) == len(data)
            assert held.tell() == place + len(data)
        assert held.seek(0, io.SEEK_END) == len(truth)
        for begin in range(0, len(truth), 7):
            held.seek(begin)
            assert held.read(31) == truth[begin : begin + 31]
        assert held.truncate(20) == held.seek(0, io.SEEK_END) == 20
        if room == 10_000:
            held.check()
        else:
            with pytest.raises(EdgeSastError, match=r"^/tmp: cannot hold a temporary file: No space left"):
                held.check()


def test_a_bit_of_a_disk_does_not_come_back():
    """Once a write has failed nothing more is tried: the file is lost, and later bytes lie over earlier ones."""
    with FullSpool(0) as spool:
        held = HeldWrites(spool)
        held.write(b"first")
        spool.room = 100
        held.seek(0)
        held.write(b"later")
        held.seek(0)
        assert held.read() == b"later"
        assert spool.room == 100


def test_writing_events_ends_with_the_piece_that_no_longer_fits(monkeypatch):
    """The error is found between pieces, and no further one is asked for."""

    def full(_):
        raise EdgeSastError("full")

    monkeypatch.setattr(HeldWrites, "check", full)
    asked = []

    def chunks():
        for t in range(3):
            asked.append(t)
            yield np.array([(t, 0, 0, 0)], EVENT_DTYPE)

    with pytest.raises(EdgeSastError, match=r"^full$"):
        write_hdf5(io.BytesIO(), (2, 2), chunks())
    assert asked == [0]
