"""The built-in data set: real handwritten digits, moved in saccades before a simulated event camera.

The 1,797 digits (8x8 pixels, 17 grey levels) that scikit-learn ships are the test part of E. Alpaydin and C.
Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998, doi
10.24432/C50P49. The motion is N-MNIST's: three straight saccades along a triangle (G. Orchard et al.,
Frontiers in Neuroscience 9:437, 2015).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from edge_sast.datasets.dataset import OwnTime, RecordingRef
from edge_sast.datasets.split import stratified_split
from edge_sast.errors import EdgeSastError
from edge_sast.events.pixel import PixelModel
from edge_sast.events.recording import Recording

GENERATOR_VERSION = 1  # raised whenever the same seed gives other events, so that caches are rebuilt
GREY_LEVELS = 16
TEST_FRACTION = 0.2
STEPS = 10  # of a recording, where nobody asks for others
# The test digits are the same for every seed: results of several seeds then never mix training and test
# digits.
SPLIT_SEED = 0
ARRAY_STREAM, RECORDING_STREAM = 0, 1


@dataclass(frozen=True)
class SaccadeFilm:
    """How a digit is shown.

    Attributes:
        side: sensor width and height in pixels.
        scale: sensor pixels per pixel of the digit; between them the picture is interpolated bilinearly.
        amplitude: height and width of the triangle of saccades, sensor pixels.
        jitter: largest offset of a recording's start from the centre in x and in y, sensor pixels.
        saccade_us: duration of each of the three saccades, µs.
        frame_us: sampling of the film, µs.
        contrast: intensity of a full stroke over the background's.
    """

    side: int = 24
    scale: float = 2.0
    amplitude: float = 5.0
    jitter: float = 1.0
    saccade_us: int = 100_000
    frame_us: int = 1000
    contrast: float = 8.0

    @property
    def duration_us(self) -> int:
        """Length of the film in µs."""
        return 3 * self.saccade_us

    def log_frames(self, image: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """ln(intensity) of every frame, float64[F, side, side].

        Args:
            image: float64[h, w], 0 = background, 1 = full stroke.
            offset: float64[2], start of the path relative to the centre, sensor pixels (x, y).
        """
        progress = np.arange(0, self.duration_us + 1, self.frame_us) / self.saccade_us
        # Corners of the triangle in units of the amplitude, centred: right and down, right and up, back left.
        x = np.interp(progress, [0, 1, 2, 3], [-0.5, 0.0, 0.5, -0.5]) * self.amplitude + offset[0]
        y = np.interp(progress, [0, 1, 2, 3], [-0.5, 0.5, -0.5, -0.5]) * self.amplitude + offset[1]
        rows, columns = self._weights(y, image.shape[0]), self._weights(x, image.shape[1])
        return np.log1p((self.contrast - 1.0) * (rows @ image @ columns.transpose(0, 2, 1)))

    def _weights(self, shift: np.ndarray, size: int) -> np.ndarray:
        """Bilinear weights float64[F, side, size]: of each image line on each sensor line."""
        centre = (np.arange(self.side) - (self.side - 1) / 2 - shift[:, None]) / self.scale + (size - 1) / 2
        return np.maximum(0.0, 1.0 - np.abs(centre[:, :, None] - np.arange(size)))


@dataclass(frozen=True)
class DigitsDataset:
    """1,437 training and 360 test recordings, generated when read.

    Attributes:
        seed: of the pixel array's mismatch, the starting points and the noise; recording i depends on (seed,
            i) alone.
        pixel: the simulated pixels.
        film: size and motion of the digits.
        splits: which of train and test are offered.
    """

    seed: int = 0
    pixel: PixelModel = field(default_factory=PixelModel)
    film: SaccadeFilm = field(default_factory=SaccadeFilm)
    splits: tuple[str, ...] = ("train", "test")
    name: str = "digits"
    classes: tuple[str, ...] = tuple("0123456789")

    def __post_init__(self) -> None:
        if not isinstance(self.seed, int) or self.seed < 0:
            raise EdgeSastError(
                f"digits: seed={self.seed!r} is out of range; choose a whole number from 0 on"
            )

    @property
    def sensor(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.film.side, self.film.side

    @property
    def time(self) -> OwnTime:
        """The steps that `edge-sast demo` takes, too."""
        return OwnTime(self.film.duration_us // STEPS, STEPS, self.film.duration_us)

    def recordings(self, split: str) -> tuple[RecordingRef, ...]:
        """The split's recordings in the order of scikit-learn's digits.

        Raises:
            EdgeSastError: unknown split, or scikit-learn is missing.
        """
        labels = _load_digits()[1]
        return tuple(
            RecordingRef(
                f"digits/{split}/{index:04d}", int(labels[index]), partial(self._record, int(index), split)
            )
            for index in self._positions(split)
        )

    def fingerprint(self, split: str) -> str:
        """SHA-256 over generator version, seed and all parameters."""
        parts = (GENERATOR_VERSION, split, self.seed, self.pixel, self.film)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def only(self, split: str) -> DigitsDataset:
        """The same data with only this split."""
        self._positions(split)
        return replace(self, splits=(split,))

    def _positions(self, split: str) -> np.ndarray:
        if split not in self.splits:
            raise EdgeSastError(f"digits: no split '{split}'; choose one of {', '.join(self.splits)}")
        train, test = stratified_split(_load_digits()[1], TEST_FRACTION, SPLIT_SEED)
        return train if split == "train" else test

    def _record(self, index: int, split: str) -> Recording:
        film, side = self.film, self.film.side
        thresholds = self.pixel.draw_thresholds(side, side, np.random.default_rng((self.seed, ARRAY_STREAM)))
        rng = np.random.default_rng((self.seed, RECORDING_STREAM, index))
        frames = film.log_frames(_load_digits()[0][index], rng.uniform(-film.jitter, film.jitter, size=2))
        events = self.pixel.record(frames, film.frame_us, thresholds, rng)
        return Recording(events, side, side, f"digits/{split}/{index:04d}")


@cache
def _load_digits() -> tuple[np.ndarray, np.ndarray]:
    """(images float64[1797, 8, 8] in 0..1, labels int64[1797])."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise EdgeSastError(
            "data 'digits': scikit-learn is not installed; run pip install 'edge-sast[digits]'"
        ) from error
    digits = load_digits()
    return digits.images / GREY_LEVELS, digits.target.astype(np.int64)
