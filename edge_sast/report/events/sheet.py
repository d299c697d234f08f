"""A recording as one PNG, and as a GIF."""

from __future__ import annotations

import io

import numpy as np

from edge_sast.report.events.frames import Frames, colours, full_colour

COLUMNS = 6  # of a contact sheet
SMALLEST = 240  # pixels of a GIF's longer side, at least


def contact_sheet(
    frames: Frames, rates: np.ndarray, edges_us: np.ndarray, first_us: int, title: str
) -> bytes:
    """A PNG: the frames in order, and below them the rate of events over the recording.

    Args:
        rates: events/s float64[n] in bins; edges_us: int64[n+1] where they begin and end, after the first event.
        first_us: time of the recording's first event.
    """
    from matplotlib.figure import Figure

    count, height, width = frames.counts.shape[:3]
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    tile = 2.0
    figure = Figure(figsize=(columns * tile, rows * tile * height / width + 0.3 * rows + 2.2), dpi=110)
    figure.set_layout_engine("constrained")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[*[height / width] * rows, 0.8])
    full = full_colour(frames.counts)
    times = frames.times_s(first_us)
    for number in range(count):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        axes.imshow(colours(frames.counts[number], full), interpolation="nearest")
        axes.set_title(f"{times[number]:.4g} s", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    below = figure.add_subplot(grid[rows, :])
    seconds = edges_us * 1e-6
    below.stairs(rates, seconds, fill=True, color="0.6")
    shown = (times[0], times[0] + count * frames.frame_us * 1e-6)
    below.axvspan(*shown, color="tab:blue", alpha=0.12, lw=0)
    below.set_xlim(seconds[0], seconds[-1])
    below.set_ylim(bottom=0)
    below.set_xlabel("seconds after the first event; the frames are of the part in blue", fontsize=8)
    below.set_ylabel("events/s", fontsize=8)
    below.tick_params(labelsize=8)
    figure.suptitle(f"{title}   ON blue, OFF red", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def moving_picture(frames: Frames, frame_ms: int) -> bytes:
    """A GIF that repeats; small sensors are shown larger. frame_ms: how long each frame is shown."""
    from PIL import Image

    full = full_colour(frames.counts)
    scale = max(1, -(-SMALLEST // max(frames.counts.shape[1:3])))
    pictures = [
        Image.fromarray(np.kron(colours(counts, full), np.ones((scale, scale, 1), np.uint8)))
        for counts in frames.counts
    ]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, format="GIF", save_all=True, append_images=pictures[1:], duration=frame_ms, loop=0
    )
    return buffer.getvalue()
