"""An event file in a zip archive, opened and named as one on disk is."""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from edge_sast.errors import EdgeSastError
from edge_sast.formats import contract
from edge_sast.spool import buffered_spool


@dataclass(frozen=True)
class ZippedFile:
    """A member of an archive.

    Attributes:
        source: its full name for messages, such as `recordings.zip:cup/1.raw`.
        name: the last part of its name.
    """

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    source: str
    name: str

    def __str__(self) -> str:
        return self.source

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    def open(self) -> IO[bytes]:
        """What it holds, in a temporary file: some formats move about in what they read, and packed bytes do not.

        Raises:
            EdgeSastError: it cannot be unpacked, or not into the folder for temporary files.
        """
        spool = buffered_spool()  # the caller closes it
        try:
            with self.archive.open(self.info) as packed:
                shutil.copyfileobj(packed, spool, contract.CHUNK_BYTES)
            spool.seek(0)
        except EdgeSastError:  # of the temporary file, which cannot write what it has left either
            with suppress(EdgeSastError):
                spool.close()
            raise
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
            spool.close()
            raise EdgeSastError(
                f"{self.source}: cannot be unpacked ({error}); the archive is damaged or has a password: unpack it "
                "yourself"
            ) from error
        return spool


EventPath = Path | ZippedFile


def open_path(path: str | EventPath) -> IO[bytes]:
    """A file for reading, in an archive or not. Raises OSError, and as `ZippedFile.open`."""
    return path.open() if isinstance(path, ZippedFile) else open(path, "rb")


def on_disk(path: EventPath) -> Path:
    """The file itself, or the archive that it is in."""
    return Path(str(path.archive.filename)) if isinstance(path, ZippedFile) else path
