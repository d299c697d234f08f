"""A simulated event-camera pixel array.

Every pixel remembers the log intensity L_ref of its last event and fires when L = ln(I) has moved by its
threshold:

    L(t) >= L_ref + c_on    ON  event at the crossing        L(t) <= L_ref - c_off    OFF event at the
    crossing

then stays in reset for the refractory period, at whose end L_ref := L. Between two samples L is linear in t,
so the crossing's time is exact for the sampled signal and is rounded down to whole µs. c_on and c_off differ
from pixel to pixel (mismatch). Noise events come on top, Poisson in time, uniform over pixels and polarities.

Sources: P. Lichtsteiner et al., "A 128x128 120 dB 15 µs Latency Asynchronous Temporal Contrast Vision
    Sensor", IEEE
JSSC 43(2), 2008 (pixel, reset, threshold mismatch of about 2.1 % contrast); H. Rebecq et al., "ESIM: an Open
Event Camera Simulator", CoRL 2018 (linear interpolation of L); Y. Hu et al., "v2e: From Video Frames to
Realistic DVS Events", CVPRW 2021, arXiv 2006.07722 (mismatch as a Gaussian, noise rate).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE, make_events
from edge_sast.jit import jit

# A threshold this small would make one pixel fire at almost every sample: mismatch is clipped here.
SMALLEST_THRESHOLD = 0.02


@dataclass(frozen=True)
class PixelModel:
    """The pixels' parameters.

    Attributes:
        threshold_on, threshold_off: mean contrast thresholds in ln(intensity), above 0.
        mismatch: standard deviation of the thresholds over the pixels, in ln(intensity), 0 or more.
        refractory_us: time in reset after an event in µs, 0 or more.
        noise_hz: rate of noise events of one pixel in 1/s, 0 or more.

    Raises:
        EdgeSastError: a value out of range.
    """

    threshold_on: float = 0.3
    threshold_off: float = 0.3
    mismatch: float = 0.03
    refractory_us: int = 1000
    noise_hz: float = 0.5

    def __post_init__(self) -> None:
        lows = {
            "threshold_on": SMALLEST_THRESHOLD,
            "threshold_off": SMALLEST_THRESHOLD,
            "mismatch": 0.0,
            "refractory_us": 0,
            "noise_hz": 0.0,
        }
        for field, low in lows.items():
            value = getattr(self, field)
            if not low <= value < float("inf"):
                raise EdgeSastError(f"pixel model: {field}={value!r} is out of range; choose at least {low}")

    def draw_thresholds(self, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Thresholds of one pixel array, float64[2, height, width]: OFF, ON."""
        means = np.array([self.threshold_off, self.threshold_on]).reshape(2, 1, 1)
        spread = rng.normal(0.0, self.mismatch, size=(2, height, width))
        return np.maximum(means + spread, SMALLEST_THRESHOLD)

    def record(
        self, log_frames: np.ndarray, frame_us: int, thresholds: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """What the array sees of a film.

        Args:
            log_frames: float64[F, height, width], ln(intensity), one frame every `frame_us` µs from t = 0 on.
            frame_us: µs between frames.
            thresholds: from `draw_thresholds`.
            rng: for the noise events.

        Returns:
            EVENT_DTYPE[n], ordered by t, then y, x, p.
        """
        frames, height, width = log_frames.shape
        duration = (frames - 1) * frame_us
        signal = _fire(log_frames, frame_us, thresholds, self.refractory_us)
        noise = np.empty(rng.poisson(self.noise_hz * height * width * duration * 1e-6), EVENT_DTYPE)
        for field, limit in (("t", duration), ("x", width), ("y", height), ("p", 2)):
            noise[field] = rng.integers(0, limit, size=len(noise))
        events = np.concatenate([make_events(*signal), noise])
        return events[np.lexsort((events["p"], events["x"], events["y"], events["t"]))]


@jit
def _fire(log_frames, frame_us, thresholds, refractory_us):
    frames, height, width = log_frames.shape
    fired = [
        (np.int64(0), 0, 0, 0) for _ in range(0)
    ]  # t, x, y, p; the empty list still tells Numba its type
    for row in range(height):
        for column in range(width):
            reference = log_frames[0, row, column]
            held_until = 0.0
            for f in range(1, frames):
                start = (f - 1) * frame_us
                low = log_frames[f - 1, row, column]
                slope = (log_frames[f, row, column] - low) / frame_us
                polarity = 1 if slope > 0 else 0
                step = thresholds[polarity, row, column] * (1.0 if slope > 0 else -1.0)
                while True:
                    if held_until > start:
                        if held_until >= start + frame_us:
                            reference = log_frames[f, row, column]
                            break
                        reference = low + slope * (held_until - start)
                    target = reference + step
                    reached = (log_frames[f, row, column] - target) * (1.0 if slope > 0 else -1.0)
                    if slope == 0.0 or reached < 0.0:
                        break
                    crossing = max(start + (target - low) / slope, held_until)
                    fired.append((np.int64(crossing), column, row, polarity))
                    reference = target
                    held_until = crossing + refractory_us
    columns = np.empty((4, len(fired)), np.int64)
    for i in range(len(fired)):
        columns[0, i], columns[1, i], columns[2, i], columns[3, i] = fired[i]
    return columns
