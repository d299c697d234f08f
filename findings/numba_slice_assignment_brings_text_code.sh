#!/usr/bin/env bash
# Numba: what a copy by slices compiles.
#
# Guess:   a[i:i+2] = b[i:i+2] in a compiled function costs what the loop over two numbers costs: a few instructions.
# Really:  the shapes may differ, and the message that would then be raised is made in compiled code: the function gets the
#          code that joins texts and writes numbers, at least five times as much LLVM code as the loop in the function
#          alone, and three times as long to compile. Each caller that the function is compiled into carries it again.
# Versions: numba 0.68.1, numpy 2.4.6 from PyPI, Python 3.11.
# Exit code: 0 where all of this is so, 1 where something has changed. Seconds are shown, not judged.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "numba==0.68.1" "numpy==2.4.6"
cat >"$folder/copies.py" <<'PYTHON'
import time

import numba
import numpy as np


@numba.njit
def loop(a, b, i):
    for j in range(2):
        a[i + j] = b[i + j]


@numba.njit
def slices(a, b, i):
    a[i : i + 2] = b[i : i + 2]


lines, texts = {}, {}
for function in (loop, slices):
    a, b = np.zeros(8), np.ones(8)
    start = time.process_time()
    function(a, b, 1)
    seconds = time.process_time() - start
    assert a.tolist() == [0, 1, 1, 0, 0, 0, 0, 0]
    code = next(iter(function.inspect_llvm().values()))
    name = function.__name__
    lines[name], texts[name] = len(code.splitlines()), "unicode" in code
    print(f"{name}: {lines[name]} lines of LLVM code, joins texts: {texts[name]}, compiled in {seconds:.2f} s")
changed = texts != {"loop": False, "slices": True} or lines["slices"] < 5 * lines["loop"]
if changed:
    print("has changed")
raise SystemExit(int(changed))
PYTHON
"$folder/venv/bin/python" "$folder/copies.py"
