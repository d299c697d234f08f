"""The same events by every library that reads the format rightly, and which ones do not.

The libraries live in an environment of their own: EDGE_SAST_PEERS names its interpreter; where it is not set one is
made by pip, which takes a minute.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from event_file_readers import READERS, sums

from edge_sast.events.recording import make_events
from edge_sast.formats.prophesee.evt3_writer import write_evt3
from edge_sast.formats.registry import read_file
from tests.formats.prophesee.oracle import dat_of, file_of, words_of_events
from tests.programs import LIMIT

VERSIONS = (
    "expelliarmus==1.1.12", "evt3==0.4.1", "evutils==0.3.18", "faery==0.7.1", "evlib==0.13.2", "eventcv==1.0.8",
)  # fmt: skip
SCRIPT = Path(__file__).parents[3] / "benchmarks" / "event_file_readers.py"
OURS = {name for name in READERS if name.startswith("edge-sast/")}
# Where the upper 12 bits of the clock change (EVT3) or where it wraps after 4.8 h (EVT2) these readers go wrong; the
# others are right.
WRONG = {
    "evt3": {"expelliarmus/whole", "expelliarmus/chunks"},
    "evt2": {"expelliarmus/whole", "expelliarmus/chunks", "evlib/whole"},
    "dat": set(),
    "evt21": set(),
    "evt21-legacy": set(),
}


@pytest.fixture(scope="session")
def peers(tmp_path_factory):
    """The interpreter of an environment with the other libraries."""
    named = os.environ.get("EDGE_SAST_PEERS")
    if named:
        return os.path.abspath(named)
    folder = tmp_path_factory.mktemp("peers")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=LIMIT)
    python = str(folder / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", *VERSIONS], capture_output=True, text=True, timeout=LIMIT
    )
    if done.returncode:
        pytest.skip(f"the other libraries cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return python


def _events(form):
    """Times that pass the end of the clock and silences of several wraps; rows that become vectors."""
    rng = np.random.default_rng(3)
    starts = np.sort(rng.integers(0, 1 << 26, 400))
    if form == "evt2":
        starts = np.sort(rng.integers((1 << 34) - (1 << 24), (1 << 34) + (1 << 24), 400))
    if form == "evt3":
        starts[200:] += 3 << 24
    rows = []
    for t in starts.tolist():
        x, y, p = (int(rng.integers(0, top)) for top in (600, 720, 2))
        for _ in range(int(rng.integers(1, 25))):
            rows.append((t, x, y, p))
            x += int(rng.integers(1, 4))
    return rows


def _file(form, events):
    if form == "dat":
        return dat_of(events)
    if form == "evt3":
        stream = io.BytesIO()
        write_evt3(stream, (1280, 720), [make_events(*np.array(events).T)])
        return stream.getvalue()
    return file_of(form, words_of_events(form, events))


def _want(events):
    columns = np.array(events, np.int64).T.astype(np.uint64)
    place = np.arange(1, len(events) + 1, dtype=np.uint64)
    return [len(events), *(int((column * place).sum(dtype=np.uint64)) for column in columns)]


@pytest.mark.parametrize("form", WRONG)
def test_our_own_reader_in_the_script_of_the_others(form, tmp_path):
    path = tmp_path / ("a.dat" if form == "dat" else "a.raw")
    path.write_bytes(_file(form, _events(form)))
    for name in OURS:
        assert sums(READERS[name], str(path), form) == _want(_events(form))


@pytest.mark.quality
@pytest.mark.parametrize("form", WRONG)
def test_others_read_the_same_events(form, tmp_path, peers):
    path = tmp_path / ("a.dat" if form == "dat" else "a.raw")
    path.write_bytes(_file(form, _events(form)))
    wrong = {}
    for name in [name for name, reader in READERS.items() if form in reader.forms and name not in OURS]:
        done = subprocess.run(
            [peers, str(SCRIPT), name, form, str(path), "--sums"],
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        got = json.loads(done.stdout.splitlines()[-1]) if not done.returncode else done.stderr[-300:]
        if got != _want(_events(form)):
            wrong[name] = got
    assert set(wrong) == WRONG[form], wrong


def test_where_expelliarmus_goes_wrong_in_evt3(tmp_path):
    """docs/formats.md's row: its clock counts a change of the upper 12 bits twice where the lower ones fall."""
    expelliarmus = pytest.importorskip("expelliarmus", reason="pip install 'edge-sast[tonic]'")
    path = tmp_path / "a.raw"
    times = [10, 4000, 4096, 8191, 8200, 12388]  # lower bits 10, 4000, 0, 4095, 8, 100
    path.write_bytes(_file("evt3", [(t, 3, 2, 1) for t in times]))
    assert read_file(path).events["t"].tolist() == times
    read = expelliarmus.Wizard(encoding="evt3").read(str(path))
    extra = [0, 0, 4096, 4096, 8192, 8192]  # 100 is no fall from 8
    assert read["t"].tolist() == [t + more for t, more in zip(times, extra, strict=True)]
