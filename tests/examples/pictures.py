"""What is asked of a picture that an example writes and a page may show."""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 60_000


def assert_picture(path: Path) -> None:
    """A PNG that is small, and not of one colour."""
    from PIL import Image

    assert path.stat().st_size <= MOST_BYTES
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 3
