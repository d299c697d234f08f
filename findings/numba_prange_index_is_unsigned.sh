#!/usr/bin/env bash
# Numba: the type of a parallel loop's index, and what it costs.
#
# Guess:   numba.prange gives what range gives, an int64, and a function that the loop calls with it is compiled once.
# Really:  type inference takes the index for int64 and has the function compiled for that; in the parallel loop it is
#          uint64, for which the function is compiled again. The first form never runs: all that a parallel loop calls
#          with its index costs its compilation twice. An np.int64(i) in the loop makes one form of it.
# Versions: numba 0.68.1, numpy 2.4.6 from PyPI, Python 3.11.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "numba==0.68.1" "numpy==2.4.6"
cat >"$folder/loops.py" <<'PY'
import numba
import numpy as np


def called_by(index_of):
    @numba.njit
    def callee(i, out):
        out[i] = i

    if index_of == "prange":

        @numba.njit(parallel=True)
        def loop(out):
            for i in numba.prange(len(out)):
                callee(i, out)

    elif index_of == "prange, converted":

        @numba.njit(parallel=True)
        def loop(out):
            for i in numba.prange(len(out)):
                callee(np.int64(i), out)

    else:

        @numba.njit
        def loop(out):
            for i in range(len(out)):
                callee(i, out)

    loop(np.zeros(8))
    return sorted(str(signature[0]) for signature in callee.signatures)


print("range:", called_by("range"))
print("prange:", called_by("prange"))
print("prange, converted:", called_by("prange, converted"))
PY
"$folder/venv/bin/python" "$folder/loops.py" | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
range: ['int64']
prange: ['int64', 'uint64']
prange, converted: ['int64']
SEEN
