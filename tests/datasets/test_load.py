import os
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.datasets.bin_cache import TENSORS, read_cache
from edge_sast.datasets.load import load_binned, spread
from edge_sast.datasets.sources.folder import FolderDataset, open_folder
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.atis import write_recording_atis
from tests.events.oracles import random_recording, write_classes

BINNING = Binning(34, 34, 0, 10_000, 5, 2)


@pytest.fixture
def folder(tmp_path):
    write_classes(tmp_path / "data", {"a": 3, "b": 2})
    return tmp_path / "data"


def load(folder, cache, **options):
    return load_binned(
        open_folder(folder), "all", options.pop("binning", BINNING), cache_dir=cache, **options
    )


def same(a, b):
    return all(
        np.array_equal(getattr(a, field), getattr(b, field))
        for field in ("indices", "counts", "step_ptr", "labels", "dropped")
    ) and (a.sources, a.classes, a.binning) == (b.sources, b.classes, b.binning)


def test_every_recording_is_binned_in_order(folder, tmp_path):
    data = load(folder, tmp_path / "cache")
    assert data.labels.tolist() == [0, 0, 0, 1, 1]
    assert data.classes == ("a", "b")
    start = 0
    for i in range(5):
        want = bin_recording(random_recording(i + 1), BINNING)
        pointers = data.step_ptr[i * 5 : i * 5 + 6]
        assert np.array_equal(pointers - start, want.step_ptr)
        assert np.array_equal(data.indices[pointers[0] : pointers[-1]], want.indices)
        assert data.dropped[i] == want.dropped
        start = pointers[-1]


def test_second_load_takes_the_bins_from_the_cache(folder, tmp_path):
    first = load(folder, tmp_path / "cache")
    write_classes(tmp_path / "other", {"a": 3, "b": 2}, seed=70)
    other = load(tmp_path / "other", tmp_path / "others")
    (kept,), (theirs,) = (tmp_path / "cache").iterdir(), (tmp_path / "others").iterdir()
    kept.write_bytes(theirs.read_bytes())  # so that it shows where the bins come from
    second = load(folder, tmp_path / "cache")
    assert np.array_equal(second.indices, other.indices)
    assert second.sources == first.sources


def test_contents_tell_data_sets_apart_whatever_their_names_sizes_and_times(tmp_path):
    loaded = {}
    for place, seed in (("v1", 0), ("v2", 70)):
        write_classes(tmp_path / place, {"a": 3, "b": 2}, seed)
        for path in (tmp_path / place).rglob("*.bin"):
            os.utime(path, (0, 0))  # as archives with one fixed time unpack
        loaded[place] = load(tmp_path / place, tmp_path / "cache")
    for i in range(5):
        want = bin_recording(random_recording(71 + i), BINNING)
        rows = loaded["v2"].select([i])
        assert np.array_equal(rows.indices, want.indices)
    assert loaded["v1"].digest() != loaded["v2"].digest()


def test_a_new_time_alone_is_no_new_entry(folder, tmp_path):
    first = load(folder, tmp_path / "cache")
    for path in folder.rglob("*.bin"):
        os.utime(path, (0, 0))
    assert same(load(folder, tmp_path / "cache"), first)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def flips_without_trace(data, members=40):
    """The bytes with other polarities, and yet the same CRC-32: a set of flips whose changes of it cancel out."""
    zero = zlib.crc32(bytes(len(data)))
    reached = {}  # highest bit -> (change of the CRC, flips that make it)
    for event in range(members):
        flip = bytearray(len(data))
        flip[5 * event + 2] = 0x80
        change, flips = zlib.crc32(flip) ^ zero, {event}
        while change and change.bit_length() in reached:
            other, more = reached[change.bit_length()]
            change, flips = change ^ other, flips ^ more
        if not change:
            out = bytearray(data)
            for each in flips:
                out[5 * each + 2] ^= 0x80
            return bytes(out)
        reached[change.bit_length()] = change, flips
    raise AssertionError("40 vectors of 32 bits are dependent")


def test_a_zip_is_known_by_its_contents_not_by_its_checksums(tmp_path):
    written = write_recording_atis(random_recording(1).events)
    twin = flips_without_trace(written)
    assert (twin != written, zlib.crc32(twin)) == (True, zlib.crc32(written))
    found = []
    for place, data in (("v1", written), ("v2", twin)):
        (tmp_path / place).mkdir()
        with zipfile.ZipFile(tmp_path / place / "all.zip", "w") as archive:
            for name in ("a/0.bin", "b/0.bin"):
                archive.writestr(zipfile.ZipInfo(name), data)
        found.append(load(tmp_path / place / "all.zip", tmp_path / "cache"))
    assert not np.array_equal(found[0].indices, found[1].indices)
    assert len(list((tmp_path / "cache").iterdir())) == 2


@dataclass(frozen=True)
class Rewritten(FolderDataset):
    """A folder in which something replaces a file as soon as the first recording has been read."""

    def recordings(self, split):
        first, *others = super().recordings(split)

        def load():
            recording = first.load()
            fresh = Path(others[-1].source).with_suffix(".new")
            fresh.write_bytes(write_recording_atis(random_recording(60).events))
            fresh.replace(others[-1].source)
            return recording

        return (replace(first, load=load), *others)


def test_recordings_that_change_while_they_are_read_are_never_kept(folder, tmp_path):
    data = open_folder(folder)
    message = (
        f"{folder}: recordings of split 'all' changed while they were read; run the same command again when nothing "
        "writes to them"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        load_binned(Rewritten(data.name, data.by_split), "all", BINNING, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_moved_folder_keeps_its_cache_and_shows_its_new_place(folder, tmp_path):
    first = load(folder, tmp_path / "cache")
    folder.rename(tmp_path / "moved")
    second = load(tmp_path / "moved", tmp_path / "cache")
    assert second.sources[0] == str(tmp_path / "moved" / "a" / "000.bin")
    assert np.array_equal(first.indices, second.indices)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_change_of_file_or_binning_is_a_new_entry(folder, tmp_path):
    cache = tmp_path / "cache"
    first = load(folder, cache)
    (folder / "a" / "000.bin").write_bytes(write_recording_atis(random_recording(50).events[:-1]))
    second = load(folder, cache)
    assert not same(first, second)
    load(folder, cache, binning=Binning(34, 34, 0, 10_000, 5, 1))
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_damaged_cache_is_rebuilt(folder, tmp_path, damage):
    first = load(folder, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    good = file.read_bytes()
    bad = bytearray(good)
    bad[-30] ^= 1
    file.write_bytes({"cut": good[:-40], "flip": bytes(bad), "empty": b""}[damage])
    assert same(load(folder, tmp_path / "cache"), first)
    assert file.read_bytes() == good


def test_a_cache_cut_or_altered_at_any_place_is_not_taken(folder, tmp_path):
    load(folder, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    good, whole = file.read_bytes(), read_cache(file)
    header = 8 + int.from_bytes(good[:8], "little")
    borders = [i for i in range(8, header) if good[i : i + 1] in b'{}[]:,"']  # of each field
    for cut in (*range(9), *borders, header, header + 1, len(good) - 1):
        file.write_bytes(good[:cut])
        assert read_cache(file) is None
    rng = np.random.default_rng(14)
    for place in [*range(header), *rng.integers(header, len(good), 200)]:
        bad = bytearray(good)
        bad[place] ^= int(rng.integers(1, 256))
        file.write_bytes(bytes(bad))
        found = read_cache(file)
        if found is not None:  # the flip changed nothing: white space, or the case of a letter
            for name in TENSORS:
                was, now = getattr(whole, name), getattr(found, name)
                assert (was.dtype, was.tobytes(), was.shape) == (now.dtype, now.tobytes(), now.shape), place


def test_unwritable_cache_costs_one_line_only(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    data = load(folder, tmp_path / "file" / "cache")
    assert len(data) == 5
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert re.fullmatch(
        r"warning: cache .* not written \(.*Not a directory.*\); going on without it", lines[0]
    )


def test_disk_that_takes_no_more_bytes_leaves_no_half_file(folder, tmp_path, capsys):
    resource = pytest.importorskip("resource", reason="file size limits need a POSIX system")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        data = load(folder, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(data) == 5
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert re.fullmatch(r"warning: cache .* not written \(.*\); going on without it", lines[0])
    assert list((tmp_path / "cache").iterdir()) == []


def test_empty_recording_is_refused_or_left_out(folder, tmp_path, capsys):
    empty = folder / "a" / "001.bin"
    empty.write_bytes(b"")
    message = f"{empty}: 0 events; remove the file, or pass --skip-empty to leave it out"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        load(folder, tmp_path / "cache")
    for _ in range(2):  # the second time from the cache
        data = load(folder, tmp_path / "cache", skip_empty=True)
        assert data.labels.tolist() == [0, 0, 1, 1]
        assert str(empty) not in data.sources
        warning = f"warning: 1 recordings with 0 events left out, first {empty}\n"
        assert capsys.readouterr().err == warning


def test_nothing_left_is_an_error(tmp_path):
    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "a" / "0.bin").write_bytes(b"")
    message = f"{tmp_path}/data: split 'all' has 0 recordings with events; add recordings"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        load(tmp_path / "data", tmp_path / "cache", skip_empty=True)


def test_damaged_recording_stops_the_loading(folder, tmp_path):
    (folder / "b" / "001.bin").write_bytes(b"abc")
    with pytest.raises(
        EdgeSastError, match=r"b/001\.bin: ends at byte 3, 3 bytes into the event at byte offset 0"
    ):
        load(folder, tmp_path / "cache")


def test_limit_takes_the_classes_in_turn(folder, tmp_path):
    assert load(folder, tmp_path / "cache", limit=3).labels.tolist() == [0, 0, 1]
    assert spread(np.array([0, 0, 0, 0, 1, 1, 2]), 5).tolist() == [0, 1, 4, 5, 6]
    assert spread(np.array([0, 1]), 9).tolist() == [0, 1]
    message = "--limit is 0; it must be 1 or more"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        load(folder, tmp_path / "cache", limit=0)
