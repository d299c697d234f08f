"""Figures of `edge-sast fpga`: boards, bitstreams, loaded models and compared designs."""

from __future__ import annotations

from edge_sast.report.schemas.forms import (
    Maybe,
    Schema,
    array,
    count,
    digest,
    flag,
    integer,
    mean,
    number,
    one_of,
    or_null,
    record,
    share,
    table,
    words,
)
from edge_sast.report.schemas.shared import MODEL_HASH

LIST = (
    record(
        "Figures of `edge-sast fpga list`",
        {
            "boards": array(
                "Every board",
                record(
                    "A board",
                    {
                        "board": words("Name"),
                        "title": words("Hardware"),
                        "device": words("FPGA"),
                        "oscillator_hz": integer("Oscillator of the board", "hertz", least=1),
                        "clock_hz": integer("Clock of the core", "hertz", least=1),
                        "run_on_silicon": flag("Whether a bitstream ran on this board"),
                    },
                ),
            )
        },
    ),
)
_PREDICTED = record(
    "What the export predicted",
    {
        "lanes": count("Number of lanes"),
        "memories": table("Memories of the core, by name", count("Number of bits")),
        "least_cycles": count("Number of clock cycles of a recording without events and spikes"),
        "run": or_null(
            "of an export without recordings",
            record(
                "Of recordings, in the mean",
                {
                    "recordings": count("Number of recordings"),
                    "cycles": mean("Number of clock cycles of a recording, with the CRC of each step"),
                    "unobserved_cycles": mean("Number of clock cycles of a recording, without it"),
                    "synops_cycle": mean("Number of SynOps in a clock cycle"),
                    "lanes_used": share("Share of the lanes that add while any does"),
                },
            ),
        ),
        "memory_bits": count("Number of bits of all memories"),
    },
)
_CELLS = {
    "logic": count("Number of logic cells or LUTs"),
    "ff": count("Number of flip-flops"),
    "bram": count("Number of blocks of RAM"),
    "spram": count("Number of large single-port RAMs"),
    "dsp": count("Number of DSP blocks"),
}
_BUILD: dict[str, Schema | Maybe] = {
    "tool": words("Program that built it, and its version"),
    "model": words("Name of the model"),
    "model_hash": MODEL_HASH,
    "export": words("Folder of the export"),
    "lanes": or_null("where the export names none", count("Number of lanes")),
    "predicted": or_null("of an export without a prediction", _PREDICTED),
    "board": words("Name of the board"),
    "device": words("FPGA"),
    "run_on_silicon": flag("Whether a bitstream ran on this board"),
    "bitstream": words("File of the bitstream"),
    "clock_hz": integer("Clock of the core", "hertz", least=1),
    "baud": integer("Speed of the UART", "bits per second", least=1),
    "fmax_hz": integer("Highest clock, by the timing analysis", "hertz", least=1),
    "seed": count("Seed of the placement that was kept"),
    "used": record("What the design takes", _CELLS),
    "available": record("What the device has", _CELLS),
    "memories": table("Blocks of RAM, by the memory that they hold", count("Number of blocks")),
    "tools": record(
        "Tools", {"kind": one_of("Whose", "system", "yowasp"), "yosys": words("Version of Yosys")}
    ),
    "warnings": array("Warnings of the synthesis", words("A line")),
}
BUILD = (
    record("Figures of `edge-sast fpga build`", {"format_version": count("Version of build.json"), **_BUILD}),
)
LOAD = (
    record(
        "Figures of `edge-sast fpga load`",
        {
            "model_hash": digest("SHA-256 of the model, as the FPGA tells it"),
            "words": count("Number of words that were written"),
            "frames": count("Number of frames on the line"),
            "crc": count("CRC-32 of the words, as a number"),
        },
    ),
)
REPORT = (
    record(
        "Figures of `edge-sast fpga report`",
        {
            "designs": array(
                "Each design",
                record(
                    "A design",
                    {
                        "design": words("Its folder"),
                        "format": {"const": "edge-sast-fpga", "description": "Format of build.json."},
                        "format_version": count("Version of build.json"),
                        **_BUILD,
                        "cycles": or_null(
                            "without --verified",
                            mean("Mean number of clock cycles of a recording, simulated"),
                        ),
                        "microseconds": or_null(
                            "without --verified", number("The same at the design's clock", "microseconds", 0)
                        ),
                        "predicted_microseconds": or_null(
                            "where the export predicted no recordings",
                            number("Time of a recording that the export predicted", "microseconds", 0),
                        ),
                    },
                ),
                1,
            )
        },
    ),
)
