"""`edge-sast hil ports`: the serial ports of this computer."""

from __future__ import annotations

import argparse

from edge_sast.terminal import echo

NAME = "hil ports"
HELP = "Show this computer's serial ports, with what is known of the devices behind them."
EXAMPLES = (("edge-sast hil ports", ""),)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", metavar="FILE", help="write the list of ports")


def run(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.link.ports import list_ports
    from edge_sast.report.tables import print_table

    found = list_ports()
    if found:
        print_table(
            [(p.device, p.description, p.hardware) for p in found], ["port", "description", "hardware"]
        )
    else:
        echo("no serial ports; plug a board in, or use socket://HOST:PORT")
    write_figures(args, {"ports": [port.figures() for port in found]})
    return 0
