"""The four formats: their bytes, their way back, each kind of damage, and what other programs read from them."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.table_files.formats import FORMATS
from firmware_gen.rtl_gen.table_files.intel_hex import RECORD_BYTES

IMAGE = MemoryImage("m", 10, (0x3FF, 0, 0x2A5))
BYTES = {
    "mem": b"3FF\n000\n2A5\n",
    "hex": b":06000000FF030000A50251\n:00000001FF\n",
    "coe": b"memory_initialization_radix=16;\nmemory_initialization_vector=\n3FF,\n000,\n2A5;\n",
    "mif": b"WIDTH=10;\nDEPTH=3;\nADDRESS_RADIX=HEX;\nDATA_RADIX=HEX;\n"
    b"CONTENT BEGIN\n0 : 3FF;\n1 : 000;\n2 : 2A5;\nEND;\n",
}


def read(ending, data, image=IMAGE):
    return FORMATS[ending].read(data, f"m.{ending}", image.width, len(image.words))


def random_image(seed):
    rng = np.random.default_rng(seed)
    width, depth = int(rng.integers(1, 140)), int(rng.integers(1, 80))
    words = tuple(int.from_bytes(rng.bytes(18), "little") % (1 << width) for _ in range(depth))
    return MemoryImage("m", width, words)


@pytest.mark.parametrize("ending", FORMATS)
def test_the_bytes_of_an_image(ending):
    assert FORMATS[ending].write(IMAGE) == BYTES[ending]
    assert read(ending, BYTES[ending]) == IMAGE.words


@pytest.mark.parametrize("ending", FORMATS)
def test_every_image_comes_back(ending):
    for seed in range(60):
        image = random_image(seed)
        assert read(ending, FORMATS[ending].write(image), image) == image.words


@pytest.mark.parametrize("ending", FORMATS)
def test_line_ends_and_the_case_of_digits_do_not_count(ending):
    assert read(ending, BYTES[ending].lower().replace(b"\n", b"\r\n")) == IMAGE.words


@pytest.mark.parametrize("count", [32_768, 32_769, 65_540])
def test_intel_hex_counts_on_beyond_64_kib(count):
    image = MemoryImage("m", 16, tuple(i * 7 & 0xFFFF for i in range(count)))
    data = FORMATS["hex"].write(image)
    uppers = [line for line in data.decode().split() if line[7:9] == "04"]
    assert uppers == [":020000040001F9", ":020000040002F8"][: (2 * count - 1) // 65_536]
    assert read("hex", data, image) == image.words
    assert max(len(line) for line in data.split()) == 11 + 2 * RECORD_BYTES


DAMAGE = [
    ("mem", b"3FF\n000\n2A5", "line 3: the file ends inside a line"),
    ("mem", b"", "line 1: the file ends inside a line"),
    ("mem", b"3FF\n000\n", "line 2: the file has 2 words; the memory has 3"),
    ("mem", b"3FF\n000\n2A5\n000\n", "line 4: the file has 4 words; the memory has 3"),
    ("mem", b"3FF\n00\n2A5\n", "line 2: '00' is not 3 hexadecimal digits"),
    ("mem", b"3FF\nxyz\n2A5\n", "line 2: 'xyz' is not 3 hexadecimal digits"),
    ("mem", b"3FF\n\n2A5\n", "line 2: '' is not 3 hexadecimal digits"),
    ("mem", b"3FF\n+00\n2A5\n", r"line 2: '\+00' is not 3 hexadecimal digits"),
    ("mem", b"3FF\n0_0\n2A5\n", "line 2: '0_0' is not 3 hexadecimal digits"),
    ("mem", b"3FF\n400\n2A5\n", "line 2: 400 takes more than the 10 bits of a word"),
    ("mem", b"3FF\n\xff00\n2A5\n", "line 2: byte 0xff is not ASCII"),
    ("hex", b":06000000FF030000A50251\n", "line 1: the end record is missing: the file was cut"),
    ("hex", b":06000000FF030000A50250\n:00000001FF\n", "line 1: the checksum is 50; the bytes give 51"),
    (
        "hex",
        b":06000000FF030000A50251\n:00000001FF\n:00000001FF\n",
        "line 3: there is more after the end record",
    ),
    ("hex", b":06000200FF030000A5024F\n:00000001FF\n", "line 1: the address is 0x2; 0x0 comes next"),
    ("hex", b":05000000FF030000A50250\n:00000001FF\n", "line 1: the record says 5 bytes of data; it has 6"),
    (
        "hex",
        b":06000002FF030000A5024F\n:00000001FF\n",
        "line 1: the record's type is 02; it must be 00, 01 or 04",
    ),
    (
        "hex",
        b":0100000400FB\n:00000001FF\n",
        "line 1: an extended linear address has 1 bytes; it must have 2",
    ),
    ("hex", b"06000000FF030000A50251\n", "line 1: '06000000FF030000A50251' is not a record"),
    ("hex", b":06000000FF030000A5024\n", "line 1: ':06000000FF030000A5024' is not a record"),
    ("hex", b":04000000FF030000FA\n:00000001FF\n", "line 2: the file has 2 words; the memory has 3"),
    ("hex", b":05000000FF030000A554\n:00000001FF\n", "line 2: the file has 5 bytes; a word takes 2"),
    (
        "hex",
        b":04000000FF030004F6\n:02000400A50253\n:00000001FF\n",
        "line 1: word 1 is 0x400, which takes more than",
    ),
    ("hex", b":04000000FF030000FA\n:02000400A5064F\n:00000001FF\n", "line 2: word 2 is 0x6a5"),
    ("coe", BYTES["coe"].replace(b"16", b"2"), "line 1: the radix is '2'; it must be 16"),
    (
        "coe",
        BYTES["coe"].replace(b"radix", b"base"),
        "line 1: 'memory_initialization_base=16;' is not 'memory_init",
    ),
    ("coe", BYTES["coe"].replace(b"vector", b"list"), "line 2: 'memory_initialization_vector=' is missing"),
    ("coe", b"memory_initialization_radix=16;\n", "line 2: 'memory_initialization_vector=' is missing"),
    ("coe", BYTES["coe"].replace(b"000,", b"000"), "line 4: '000' does not end with ','"),
    (
        "coe",
        BYTES["coe"].replace(b";\n", b",\n").replace(b"16,", b"16;"),
        "line 5: '2A5,' does not end with ';'",
    ),
    ("coe", BYTES["coe"].replace(b"000,\n", b""), "line 4: the file has 2 words; the memory has 3"),
    ("coe", BYTES["coe"].replace(b"3FF", b"7FF"), "line 3: 7FF takes more than the 10 bits of a word"),
    ("mif", BYTES["mif"].replace(b"10", b"9"), "line 1: WIDTH is 9; it must be 10"),
    ("mif", BYTES["mif"].replace(b"DEPTH=3", b"DEPTH=4"), "line 2: DEPTH is 4; it must be 3"),
    (
        "mif",
        BYTES["mif"].replace(b"ADDRESS_RADIX=HEX", b"ADDRESS_RADIX=UNS"),
        "line 3: ADDRESS_RADIX is UNS; it must",
    ),
    (
        "mif",
        BYTES["mif"].replace(b"DATA_RADIX=HEX", b"DATA_RADIX=BIN"),
        "line 4: DATA_RADIX is BIN; it must be HEX",
    ),
    ("mif", BYTES["mif"].replace(b"DEPTH=3;\n", b""), "line 2: 'DEPTH=...;' is missing"),
    ("mif", b"WIDTH=10;\n", "line 1: 'DEPTH=...;' is missing"),
    ("mif", BYTES["mif"].replace(b"CONTENT BEGIN\n", b""), "line 5: 'CONTENT BEGIN' is missing"),
    ("mif", b"\n".join(BYTES["mif"].split(b"\n")[:4]) + b"\n", "line 4: 'CONTENT BEGIN' is missing"),
    ("mif", BYTES["mif"].replace(b"END;\n", b""), "line 8: 'END;' is missing: the file was cut"),
    ("mif", BYTES["mif"].replace(b"1 : 000;", b"2 : 000;"), "line 7: the address is 2; 1 comes next"),
    (
        "mif",
        BYTES["mif"].replace(b"1 : 000;", b"[1..1] : 000;"),
        r"line 7: '\[1..1\] : 000;' is not 'ADDRESS : WORD;'",
    ),
    ("mif", BYTES["mif"].replace(b"2 : 2A5;\n", b""), "line 8: the file has 2 words; the memory has 3"),
]


@pytest.mark.parametrize(("ending", "data", "message"), DAMAGE)
def test_damage_is_told_with_its_line(ending, data, message):
    with pytest.raises(EdgeSastError, match=f"^m.{ending}, {message}.*; export again$"):
        read(ending, data)


def plain(data):
    """Without spaces, and without the zeros before an address of .mif."""
    return re.sub(rb"\n0+(?=\d ?:)", b"\n", data).translate(None, b" \n")


@pytest.mark.parametrize("ending", FORMATS)
def test_no_damaged_byte_goes_unseen_but_in_spaces(ending):
    """Whatever a byte becomes, the reader refuses the file, or reads other words, or the byte stood for the same."""
    data = BYTES[ending]
    for i in range(len(data)):
        for byte in (b"", b"0", b"8", b"F", b":", b" ", b"\n", b"\x00", data[i : i + 1] * 2):
            damaged = data[:i] + byte + data[i + 1 :]
            try:
                words = read(ending, damaged)
            except EdgeSastError:
                continue
            assert plain(damaged) == plain(data) or words != IMAGE.words


@pytest.mark.needs("iverilog")
def test_icarus_reads_the_same_words(tmp_path):
    for seed in range(5):
        image = random_image(seed)
        (tmp_path / "m.mem").write_bytes(FORMATS["mem"].write(image))
        last = len(image.words) - 1
        (tmp_path / "t.v").write_text(
            f"module t; reg [{image.width - 1}:0] m [0:{last}]; integer i; initial begin\n"
            f'$readmemh("m.mem", m); for (i = 0; i <= {last}; i = i + 1) $display("%h", m[i]); end endmodule\n'
        )
        subprocess.run(["iverilog", "-g2005", "-o", "t", "t.v"], cwd=tmp_path, check=True, timeout=60)
        ran = subprocess.run(
            ["vvp", "t"], cwd=tmp_path, check=True, timeout=60, capture_output=True, text=True
        )
        assert tuple(int(line, 16) for line in ran.stdout.split()) == image.words


@pytest.mark.needs("gcc")
def test_objcopy_reads_the_same_bytes(tmp_path):
    image = MemoryImage("m", 12, tuple(i * 11 & 0xFFF for i in range(40_000)))
    (tmp_path / "m.hex").write_bytes(FORMATS["hex"].write(image))
    command = [shutil.which("objcopy"), "-I", "ihex", "-O", "binary", "m.hex", "m.bin"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "m.bin").read_bytes() == b"".join(word.to_bytes(2, "little") for word in image.words)
