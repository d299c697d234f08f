"""From what a user types after `--data` to a data set."""

from __future__ import annotations

from pathlib import Path

from edge_sast.datasets.dataset import Dataset, RecordingRef
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.sources.windows import WindowedDataset
from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Sensor
from edge_sast.places import default_cache_dir

__all__ = ["Dataset", "RecordingRef", "open_dataset"]

BUILT_IN = "digits"


def open_dataset(
    spec: str | Path,
    *,
    sensor: Sensor | None = None,
    download_dir: str | Path | None = None,
    seed: int = 0,
    window_us: int | None = None,
) -> Dataset:
    """A data set by name or path; a name wins over a folder of the same name (write `./digits` for that).

    Args:
        spec: "digits", "nmnist", "dvsgesture", or a folder or zip of recordings.
        sensor: (width, height) in pixels where the files do not say it or say it wrongly.
        download_dir: where "nmnist" and "dvsgesture" lie or go; None is `datasets` in the cache folder.
        seed: of the generated set "digits".
        window_us: cut every recording into windows of this many µs, see `WindowedDataset`; None leaves them whole.

    Raises:
        EdgeSastError: see `open_folder`, `open_tonic`, `DigitsDataset` and `WindowedDataset`.
    """
    whole = _open_whole(spec, sensor, download_dir, seed, window_us is not None)
    return whole if window_us is None else WindowedDataset(whole, window_us)


def _open_whole(
    spec: str | Path, sensor: Sensor | None, download_dir: str | Path | None, seed: int, file_per_class: bool
) -> Dataset:
    # Imported here, so that reading a folder needs neither the simulated pixels nor their compilation.
    from edge_sast.datasets.sources.digits import DigitsDataset
    from edge_sast.datasets.sources.tonic_sets import TONIC_SETS, open_tonic

    if spec == BUILT_IN:
        if sensor:
            raise EdgeSastError(
                f"--sensor {sensor[0]}x{sensor[1]}: 'digits' has its own size 24x24; leave it out"
            )
        return DigitsDataset(seed=seed)
    if str(spec) in TONIC_SETS:
        folder = Path(download_dir) if download_dir else default_cache_dir() / "datasets"
        return open_tonic(TONIC_SETS[str(spec)], folder, sensor)
    check_there(spec)
    return open_folder(spec, sensor, file_per_class=file_per_class)


def check_there(spec: str | Path) -> None:
    """Raises EdgeSastError where no data set has the name, and nothing lies at the path."""
    from edge_sast.datasets.sources.tonic_sets import TONIC_SETS

    names = (BUILT_IN, *TONIC_SETS)
    if str(spec) not in names and not Path(spec).exists():
        raise EdgeSastError(
            f"data '{spec}' does not exist; give a folder, a .zip, or one of {', '.join(names)}"
        )
