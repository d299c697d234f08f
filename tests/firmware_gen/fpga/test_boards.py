"""The table of boards: its files, its pins, and that a top's defaults are the clock that the table says."""

from __future__ import annotations

import re
import subprocess

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.boards import BOARDS, boards_folder, find_board
from firmware_gen.fpga.pll import core_clock
from tests.programs import LIMIT

EACH = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
# Read off the boards' schematics: oscillator, input and output of the UART.
SCHEMATICS = {
    "icebreaker": (12, {"clk_in": "35", "uart_rx": "6", "uart_tx": "9"}),
    "hx8k-breakout": (12, {"clk_in": "J3", "uart_rx": "B10", "uart_tx": "B12"}),
    "ulx3s-25f": (25, {"clk_in": "G2", "uart_rx": "M1", "uart_tx": "L4"}),
    "tangnano9k": (27, {"clk_in": "52", "uart_rx": "18", "uart_tx": "17"}),
}
PIN = re.compile(
    r'^(?:set_io +(\S+) +(\S+)|LOCATE COMP "(\S+)" SITE "(\S+)";|IO_LOC "(\S+)" (\S+);)$', re.MULTILINE
)


def verilog(board) -> str:
    return (boards_folder() / f"{board.top}.v").read_text()


def ports(board) -> set[str]:
    """Bits of the top's ports."""
    found = set()
    for high, name in re.findall(
        r"^ +(?:input|output) +wire +(?:\[(\d+):0\] )? *(\w+)", verilog(board), re.M
    ):
        found |= {f"{name}[{bit}]" for bit in range(int(high) + 1)} if high else {name}
    return found


def pins(board) -> list[tuple[str, str]]:
    text = (boards_folder() / board.pins).read_text()
    return [tuple(part for part in found if part) for found in PIN.findall(text)]


def test_every_file_is_a_boards():
    used = {path for board in BOARDS.values() for path in [*board.sources(), boards_folder() / board.pins]}
    assert used == {path for path in boards_folder().iterdir() if path.is_file()}


@EACH
def test_every_port_has_one_pin_and_every_pin_a_port(board):
    """ECP5's and Gowin's place and route say nothing of a name in the file that the top has not."""
    names = [name for name, _ in pins(board)]
    assert sorted(names) == sorted(ports(board))
    assert len({pin for _, pin in pins(board)}) == len(names)


@EACH
def test_every_pin_of_a_bank_says_its_voltage(board):
    text = (boards_folder() / board.pins).read_text()
    if board.family.name != "ice40":  # whose banks have the voltage that the board gives them
        told = re.findall(r'^(?:IOBUF PORT|IO_PORT) "(\S+)".*IO_TYPE=LVCMOS(?:18|33)\b', text, re.MULTILINE)
        assert sorted(told) == sorted(ports(board))


@EACH
def test_pins_of_clock_and_uart_are_the_schematics(board):
    megahertz, expected = SCHEMATICS[board.name]
    assert board.oscillator_hz == megahertz * 1_000_000
    assert expected.items() <= dict(pins(board)).items()


@EACH
def test_a_tops_defaults_are_the_boards_clock(board):
    found = re.findall(r"^ +parameter +(?:\[\d:0\] )?(\w+) = (?:\d+'d)?([\d_]+),?$", verilog(board), re.M)
    clock = core_clock(board.family.name, board.oscillator_hz, board.core_hz)
    told = {name: int(value) for name, value in found if name != "BAUD"}
    assert told == {"CLK_HZ": clock.hz, **clock.parameters}
    assert clock.hz == board.core_hz


@EACH
def test_names_are_keys_and_tops_say_who_sets_them(board):
    assert BOARDS[board.name] is board
    assert "'edge-sast fpga build' sets" in verilog(board)
    assert "{bitstream}" in board.flashing


def test_unknown_board():
    told = "--board is 'arty'; it must be one of icebreaker, hx8k-breakout, ulx3s-25f, tangnano9k"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        find_board("arty")


BENCH = """
`default_nettype none
module bench;
  reg clk = 0, hold = 1; wire rst; integer i, n;
  sast_reset reset (.clk(clk), .hold(hold), .rst(rst));
  task tick; begin #1 clk = 1; #1 clk = 0; end endtask
  task until_free; begin n = 0; while (rst) begin tick; n = n + 1; end $display("free %0d", n); end endtask
  initial begin
    for (i = 0; i < 3000; i = i + 1) tick;
    $display("held %b", rst);
    hold = 0; until_free;
    for (i = 0; i < 3000; i = i + 1) begin tick; if (rst) $display("again"); end
    hold = 1; n = 0; while (!rst) begin tick; n = n + 1; end
    $display("caught %0d", n);
    hold = 0; until_free;
  end
endmodule
"""


@pytest.mark.needs("iverilog")
def test_reset_lasts_1024_clocks_after_every_release(tmp_path):
    """Two clocks to pass into the clock's domain, 1,024 of reset, whichever way it began."""
    (tmp_path / "bench.v").write_text(BENCH)
    sources = ["bench.v", str(boards_folder() / "sast_reset.v")]
    compiled = output(["iverilog", "-g2005", "-Wall", "-o", "bench", *sources], tmp_path)
    assert compiled == ""
    assert output(["vvp", "-n", "bench"], tmp_path).splitlines() == [
        "held 1",
        "free 1026",
        "caught 3",
        "free 1026",
    ]


def output(command, folder):
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
