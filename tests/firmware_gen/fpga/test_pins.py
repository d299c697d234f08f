"""Files of pins against the ports of a netlist."""

from __future__ import annotations

import re

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.boards import BOARDS, boards_folder
from firmware_gen.fpga.pins import check_pins, named, ports

PORTS = {  # as Yosys writes them
    "clk_in": {"direction": "input", "bits": [2]},
    "uart_rx": {"direction": "input", "bits": [3]},
    "uart_tx": {"direction": "output", "bits": [4]},
    "led": {"direction": "output", "bits": [5, 6]},
}


def netlist(**changed):
    found = {name: port for name, port in {**PORTS, **changed}.items() if port}
    return {"modules": {"hx8k_breakout_top": {"ports": found}}}


def test_ports_count_by_bits():
    assert ports(netlist(), "hx8k_breakout_top") == {"clk_in", "uart_rx", "uart_tx", "led[0]", "led[1]"}
    shifted = netlist(led={"bits": [5, 6], "offset": 2})
    assert {"led[2]", "led[3]"} < ports(shifted, "hx8k_breakout_top")


@pytest.mark.parametrize(
    ("board", "names"),
    [
        ("icebreaker", {"clk_in", "button_n", "uart_rx", "uart_tx", "led_red_n", "led_green_n"}),
        ("hx8k-breakout", {"clk_in", "uart_rx", "uart_tx", "led[0]", "led[1]"}),
        ("ulx3s-25f", {"clk_in", "button", "uart_rx", "uart_tx", "led[0]", "led[1]", "wifi_gpio0"}),
        ("tangnano9k", {"clk_in", "button_n", "uart_rx", "uart_tx", "led_n[0]", "led_n[1]"}),
    ],
)
def test_names_in_each_kind_of_file(board, names):
    assert named((boards_folder() / BOARDS[board].pins).read_text()) == names


def test_equal_names_pass():
    check_pins(BOARDS["hx8k-breakout"], netlist())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"reset": {"bits": [7]}}, "names no pin for reset; mend hx8k_breakout_top.v or it"),
        (
            {"led": None},
            "names a pin for led[0], led[1], which the top has not; mend hx8k_breakout_top.v or it",
        ),
    ],
)
def test_another_name_is_told(changed, told):
    with pytest.raises(EdgeSastError, match=f"^{re.escape('hx8k_breakout.pcf: ' + told)}$"):
        check_pins(BOARDS["hx8k-breakout"], netlist(**changed))
