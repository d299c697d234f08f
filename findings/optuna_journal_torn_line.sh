#!/usr/bin/env bash
# Optuna: JournalFileBackend after a write that was cut off.
#
# Guess:   a study's journal is one JSON document a line, and a last line that a power cut or a full disk left unfinished
#          is passed over: the study opens, and goes on from what was whole.
# Really:  it opens, and reads as if the line were not there. But the next operation is appended behind the unfinished
#          line without a line feed: the two are one line that is no JSON, and the new trial ends in an AttributeError.
#          Once one more operation stands behind them, every opening of the study raises JSONDecodeError. Where the
#          unfinished line is removed before, the study goes on.
# Versions: optuna 5.0.0 from PyPI, Python 3.11.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "optuna==5.0.0"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import optuna

warnings.simplefilter("ignore")  # the journal's class is marked as experimental
optuna.logging.set_verbosity(optuna.logging.ERROR)


def trials(path, more):
    """How many finished trials the study has, after `more` of them; or the name of the error."""
    begin = optuna.load_study if path.exists() else optuna.create_study
    try:
        backend = optuna.storages.journal.JournalFileBackend(str(path))
        study = begin(study_name="study", storage=optuna.storages.JournalStorage(backend))
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=more)
        return sum(trial.state.is_finished() for trial in study.trials)
    except Exception as error:
        return type(error).__name__


print("optuna", version("optuna"), "Python", sys.version.split()[0])
torn, mended = Path(sys.argv[1], "torn"), Path(sys.argv[1], "mended")
got = [trials(torn, 3)]
os.truncate(torn, torn.stat().st_size - 10)  # the end of the last trial, half written
got.append(trials(torn, 0))
whole = torn.read_bytes()
mended.write_bytes(whole[: whole.rfind(b"\n") + 1])
got += [trials(torn, 1), trials(torn, 1), trials(torn, 0), trials(mended, 1)]
print("3 trials; cut; 1 more; 1 more; only opened; the cut line removed, 1 more:", got)
expected = [3, 2, "AttributeError", "JSONDecodeError", "JSONDecodeError", 3]
sys.exit(0 if got == expected else f"the behaviour has changed: it was {expected}")
PYTHON
