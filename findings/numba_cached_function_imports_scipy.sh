#!/usr/bin/env bash
# Numba: what a process imports to call a function that it finds compiled in the cache.
#
# Guess:   a function that adds integers, compiled by an earlier process with cache=True, is loaded as machine code; what
#          only compiling needs is not imported, and SciPy, which the function never mentions, is not either.
# Really:  before it looks into the cache, Numba refreshes its registries of everything that can be compiled. Where SciPy
#          and cffi are installed, this imports scipy.linalg and cffi in each process that calls any cached function:
#          a few tenths of a second that a short command waits for.
# Versions: numba 0.68.1, numpy 2.4.6, scipy 1.17.1, cffi 2.1.1 from PyPI, Python 3.11.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "numba==0.68.1" "numpy==2.4.6" "scipy==1.17.1" "cffi==2.1.1"
cat >"$folder/adds.py" <<'PY'
import sys

import numba


@numba.njit(cache=True)
def add(x):
    return x + 1


before = {name for name in ("scipy.linalg", "cffi") if name in sys.modules}
assert add(1) == 2
after = {name for name in ("scipy.linalg", "cffi") if name in sys.modules}
hits = sum(add.stats.cache_hits.values())
print("from the cache" if hits else "compiled", "| imported by the call:", sorted(after - before))
PY
for _ in compile load; do
  NUMBA_CACHE_DIR="$folder/cache" "$folder/venv/bin/python" "$folder/adds.py"
done | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
compiled | imported by the call: ['cffi', 'scipy.linalg']
from the cache | imported by the call: ['cffi', 'scipy.linalg']
SEEN
