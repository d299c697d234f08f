"""The programs of docs/guides/, as they stand there: a firmware around an export, and a format that reads a file."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_sast import Simulator, load
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import Recording, make_events
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats import registry
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.toolchain.compiler import find_compiler
from tests.firmware_gen.builds import STRICT
from tests.programs import LIMIT

ROOT = Path(__file__).parent.parent
GUIDES = ROOT / "docs" / "guides"
# More events at once than the ring holds, others in the last step; then silence until the window is over.
BOARD = """
#include <stdio.h>
#define main_loop(until) while (now < (until)) { now += 500u; poll_until_idle(); }
static uint32_t now;
uint32_t clock_us(void) { return now; }
void answered(const char *name, uint32_t window_start_us)
{ printf("%s %lu %lu\\n", name, (unsigned long)window_start_us, (unsigned long)now); }
static void poll_until_idle(void) { int i; for (i = 0; i < 400; ++i) { network_poll(); } }
int main(void)
{
    uint32_t i;
    if (network_start() != SAST_OK) { return 1; }
    for (i = 0; i < RING + 3u; ++i) { sensor_interrupt(1000u, (uint16_t)(i % 24u), (uint16_t)(i / 24u), 1u); }
    main_loop(270000u)
    for (i = 0; i < 200u; ++i) { sensor_interrupt(269000u, (uint16_t)(i % 24u), 20u, 0u); }
    main_loop(302000u)
    printf("lost %lu\\n", (unsigned long)lost);
    return 0;
}
"""


def block(page: str, language: str) -> str:
    (code,) = re.findall(rf"^```{language}\n(.*?)^```", (GUIDES / page).read_text("utf-8"), re.M | re.S)
    return code


def expected(ring: int) -> str:
    """The runtime's answer to the events that the ring held."""
    model = load(ROOT / "examples" / "digits-int8.safetensors")
    first = [(1000, i % 24, i // 24, 1) for i in range(ring)]
    events = make_events(*zip(*first, *[(269_000, i % 24, 20, 0) for i in range(200)], strict=True))
    row = bin_recording(Recording(events, 24, 24, "made"), model.binning)
    binned = BinnedEvents.of_rows(model.binning, [row], np.zeros(1, np.int64), model.classes, ["made"])
    return model.classes[Simulator(model).run(binned).predictions[0]]


def test_the_firmware_answers_as_the_runtime_does(tmp_path):
    try:
        compiler = find_compiler()
    except EdgeSastError as error:
        pytest.skip(str(error))
    model = load(ROOT / "examples" / "digits-int8.safetensors")
    write_folder(generate(model, None), tmp_path / "net")
    (tmp_path / "main.c").write_text(block("firmware.md", "c") + BOARD, "utf-8")
    sources = [str(tmp_path / "main.c"), *map(str, sorted((tmp_path / "net" / "src").glob("*.c")))]
    include, program = f"-I{tmp_path / 'net' / 'include'}", str(tmp_path / "firmware")
    subprocess.run([*compiler, *STRICT, "-O1", include, *sources, "-o", program], check=True, timeout=LIMIT)
    told = subprocess.run([program], capture_output=True, text=True, check=True, timeout=LIMIT).stdout.split(
        "\n"
    )
    assert told == [f"{expected(256)} 1000 301000", "lost 3", ""]


def test_the_format_reads_a_file(tmp_path, monkeypatch):
    module = {}
    exec(block("extending.md", "python"), module)
    (line,) = re.findall(r"`(Listed\(.*?\))`", (GUIDES / "extending.md").read_text("utf-8"))
    listed = eval(line, {"Listed": registry.Listed, **module})
    assert (listed.key, listed.suffixes) == (module["MINE"].key, module["MINE"].suffixes)
    monkeypatch.setattr(registry.Listed, "load", lambda self: module[self.attribute])
    monkeypatch.setattr(registry, "FORMATS", (listed,))
    path = tmp_path / "a.mine"
    data = b"MYEVENTS" + struct.pack("<HH", 30, 20) + struct.pack("<IHBB", 7, 29, 3, 1) * 2
    path.write_bytes(data)
    read = registry.read_file(path)
    assert (read.width, read.height, len(read.events)) == (30, 20, 2)
    assert read.events[1].tolist() == (7, 29, 3, 1)
    path.write_bytes(data[:-1])
    with pytest.raises(
        EdgeSastError, match=r"a\.mine: ends at byte 27, 7 bytes into the event at byte offset 20 "
    ):
        registry.read_file(path)
