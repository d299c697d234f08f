"""What the worked examples share: their folder, the commands as they are typed, and how a picture is written.

Colours are Okabe and Ito's, which the colour-blind tell apart.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sast.cli.main import main
from edge_sast.errors import CheckFailedError, EdgeSastError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).parent
MODEL, SENSOR = HERE / "digits-int8.safetensors", "24x24"
RECORDINGS = {digit: HERE / f"digit-{digit}.bin" for digit in (2, 3, 7)}
BLACK, BLUE, RED, GREEN, ORANGE, GREY = "#000000", "#0072b2", "#d55e00", "#009e73", "#e69f00", "#7f7f7f"


def parser_of(description: str | None, folder: str) -> argparse.ArgumentParser:
    """folder: where an example writes unless --out says another place."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(folder),
        metavar="DIR",
        help=f"new folder to write (default: {folder})",
    )
    return parser


def run(work: Callable[[Sequence[str] | None], None]) -> int:
    """An example as a program: a mistake is one line and exit code 2, a check that fails is exit code 1."""
    try:
        work(None)
    except EdgeSastError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 2
    except CheckFailedError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 1
    return 0


def new_folder(folder: Path) -> Path:
    """Raises EdgeSastError where something lies there, or where no picture could be drawn in the end."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EdgeSastError(f"--out {folder}: there is something; name another folder, or delete it")
    if find_spec("matplotlib") is None:
        raise EdgeSastError("Matplotlib is not installed; pip install 'edge-sast[plots]'")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def edge_sast(*words: object) -> None:
    """Shows a command as it is typed and runs it in this process; ends the example with its exit code if it fails."""
    argv = [_short(word) for word in words]
    print(f"\n$ edge-sast {' '.join(argv)}", flush=True)
    code = main(argv)
    if code != 0:
        raise SystemExit(code)


def _short(word: object) -> str:
    """A path as seen from here, where it lies below."""
    if isinstance(word, Path) and word.is_relative_to(Path.cwd()):
        return str(word.relative_to(Path.cwd()))
    return str(word)


def figures(path: Path) -> dict[str, Any]:
    """What a command wrote with --json."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def data_set(folder: Path) -> Path:
    """The recordings of this folder as `--data` takes them: one folder for each class."""
    for digit, recording in RECORDINGS.items():
        (folder / str(digit)).mkdir(parents=True)
        shutil.copyfile(recording, folder / str(digit) / recording.name)
    return folder


def new_figure(width: float, height: float) -> Figure:
    """Inches; 100 dots each."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, layout="constrained")


def write_picture(figure: Figure, path: Path) -> None:
    """A PNG of 256 colours, which lines and areas need no more than, so that it stays small."""
    from PIL import Image

    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    picture.seek(0)
    Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"\nwrote {path}")
