#!/usr/bin/env bash
# evlib: events that its own save_events_to_hdf5 wrote, read by its own load_events.
#
# Guess:   what save_events_to_hdf5 writes, load_events gives back: seconds in, the same times out, and -1 stays OFF, as
#          save_events_to_text and load_events do with the same four arrays.
# Really:  the file keeps the seconds as they came, but they are read as microseconds and cut: 1.5 s comes back as 1 µs, and
#          everything before the first second as 0. A polarity of -1 comes back as 1, so that every
#          event is ON; a polarity of 0 comes back as -1. Nothing warns. Through text all four arrays come back right, but for
#          0, which stays 0: the two forms give OFF two different values.
# Versions: evlib 0.13.2, polars 2.1.0, numpy 2.4.6 from PyPI, Python 3.11, x86-64 Linux.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "evlib==0.13.2" "polars==2.1.0" "numpy==2.4.6"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import evlib
import numpy as np

x = y = np.arange(4, dtype=np.int64)
seconds = np.array([0.001, 0.25, 1.5, 2.000001])
signs = np.array([1, -1, 1, -1], dtype=np.int64)
FORMS = {"hdf5": (evlib.save_events_to_hdf5, "events.h5"), "text": (evlib.save_events_to_text, "events.txt")}


def again(form: str, polarity: np.ndarray) -> tuple[list[int], list[int]]:
    """Times in µs and polarities as they come back."""
    save, name = FORMS[form]
    path = Path(sys.argv[1]) / name
    path.unlink(missing_ok=True)
    save(x, y, seconds, polarity, str(path))
    table = evlib.load_events(str(path)).collect()
    return table["t"].dt.total_microseconds().to_list(), table["polarity"].to_list()


print(", ".join(f"{name} {version(name)}" for name in ("evlib", "polars", "numpy")), "Python", sys.version.split()[0])
right, cut = [1000, 250000, 1500000, 2000001], [0, 0, 1, 2]
same = True
for form, polarity, expected in (
    ("text", signs, (right, [1, -1, 1, -1])),
    ("text", (signs > 0).astype(np.int64), (right, [1, 0, 1, 0])),
    ("hdf5", signs, (cut, [1, 1, 1, 1])),
    ("hdf5", (signs > 0).astype(np.int64), (cut, [1, -1, 1, -1])),
):
    got = again(form, polarity)
    same &= got == expected
    print(f"{form}: seconds {seconds.tolist()}, polarity {polarity.tolist()} come back as {got[0]} µs, {got[1]}")
sys.exit(0 if same else "the behaviour has changed")
PYTHON
