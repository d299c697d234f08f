"""Figures of the commands of devices: verify, stream, board and hil."""

from __future__ import annotations

from edge_sast.report.schemas.forms import (
    Maybe,
    Schema,
    array,
    count,
    digest,
    flag,
    integer,
    maybe,
    mean,
    number,
    one_of,
    or_null,
    record,
    share,
    size,
    table,
    words,
)
from edge_sast.report.schemas.shared import (
    CLASSES,
    CONFUSION,
    EARLY,
    FIRST_MISMATCH,
    MODEL_HASH,
    REPORT,
    STEPS,
    VERIFIED,
    spread,
)

_CORE: dict[str, Schema | Maybe] = {
    **REPORT,
    "cycles": mean(
        "Mean number of clock cycles of a recording that the core computes, without waiting for events"
    ),
    "clocks": mean("Mean number of clock cycles of a recording from its first event to its answer"),
    "model_hash": MODEL_HASH,
    "lanes": count("Number of lanes of the core"),
}
_SIMULATED = record("A comparison of a simulated event core with the runtime", _CORE)
VERIFY = (
    VERIFIED,
    _SIMULATED,
    record(
        "Figures of `edge-sast verify --on netlist`",
        {"reports": array("One comparison for each family, up to the first that differs", _SIMULATED, 1)},
    ),
)

STREAM = (
    record(
        "Figures of `edge-sast stream`",
        {
            "steps": count("Number of steps that were decided"),
            "windows": or_null("with --running", count("Number of windows that were decided")),
            "events": count("Number of events that were taken in"),
            "late": count("Number of events that came after their step was over"),
            "outside": count("Number of events outside the sensor"),
            "restarts": count("How often the time jumped and windows began anew"),
            "dropped": count("Number of events that were dropped by --overload"),
            "left": count("Number of events that waited at the end"),
            "overload": words("What happened to events that came too fast, as --overload names it"),
            "most_waiting": count("Largest number of events that waited at a time"),
            "synops": count("Number of SynOps (weight additions) of all steps"),
            "seconds": number("Time from the first event to the end", "seconds", 0),
            "events_per_s": or_null("where no time passed", number("Speed", "events per second", 0)),
            "delay_ms": record(
                "Time from the arrival of events to the decision",
                {
                    name: or_null("where no decision followed events", number(title, "milliseconds", 0))
                    for name, title in (("median", "Median"), ("p99.9", "99.9th percentile"))
                },
            ),
        },
    ),
)

_MEMORIES = {"flash": size("Flash"), "ram": size("RAM")}
BOARD_LIST = (
    record(
        "Figures of `edge-sast board list`",
        {
            "boards": array(
                "Every board",
                record(
                    "A board",
                    {
                        "board": words("Name"),
                        "title": words("Hardware"),
                        "core": words("Core"),
                        **_MEMORIES,
                        "emulated": flag("Whether QEMU runs it"),
                        "ticks": one_of("What its clock counts", "cycles", "instructions"),
                    },
                ),
            )
        },
    ),
)
BOARD_BUILD = (
    record(
        "Figures of `edge-sast board build`",
        {
            "board": words("Name of the board"),
            "core": words("Core"),
            "emulated": flag("Whether QEMU runs the board"),
            "toolchain": words("Compiler"),
            "used": record(
                "Memory that the program takes", {**_MEMORIES, "stack": size("Stack that is kept free")}
            ),
            "available": record("Memory of the board", _MEMORIES),
        },
    ),
    record(
        "Figures of `edge-sast board build --board arduino`",
        {
            "board": words("Name of the board"),
            "emulated": {"const": False, "description": "No emulator runs it."},
            "sketch": words("File of the sketch"),
        },
    ),
)

_PER_STEP = array("Ticks of the board's clock of each step; empty without a clock", count("Number of ticks"))
_UNIQUE = array("The same of a run with only the events that count", count("Number of ticks"))
_NO_CLOCK = "where the board has no clock, or there was no such run"
_TICKS: dict[str, Schema | Maybe] = {}
for _name, _what in (("", "all events"), ("unique_", "only the events that count")):
    _TICKS[f"{_name}ticks_recordings"] = count(
        f"Number of recordings whose ticks were counted, of runs with {_what}"
    )
    for _unit in ("step", "recording"):
        _TICKS[f"{_name}ticks_per_{_unit}"] = or_null(
            _NO_CLOCK, spread(f"Ticks of the clock for a {_unit}, of runs with {_what}", "ticks")
        )

_BOARD = record(
    "What a port did, with one board",
    {
        "port": words("Port"),
        "board": words("What the board calls itself"),
        "clock": words("What a tick of the board is"),
        "clock_hz": integer("Ticks per second, 0 where unknown", "hertz", least=0),
        "recordings": count("Number of recordings"),
        **_TICKS,
        "latency_s": or_null("where nothing ran", spread("Time of a recording on the line", "seconds")),
        "wire_bytes": size("Sent and received"),
        "failures": count("Number of attempts of this session that failed"),
        "restarts": count("Number of runs that were begun anew"),
    },
)
_LAYER = record(
    "Counters of a layer over all recordings",
    {
        "layer": count("Index in the model file, from 0"),
        "synops": count("SynOps that the board counted"),
        "runtime_synops": count("SynOps of the runtime"),
        "spikes": count("Spikes that the board counted"),
        "runtime_spikes": count("Spikes of the runtime"),
        "equal": flag("Whether the counters of every recording agree"),
    },
)
_RESULT = record(
    "A recording",
    {
        "index": count("Index of the recording, from 0"),
        "source": words("Name of the recording"),
        "port": words("Port"),
        "board": words("What the board calls itself"),
        "clock": words("What a tick of the board is"),
        "clock_hz": integer("Ticks per second, 0 where unknown", "hertz", least=0),
        "prediction": count("Index of the class that the board answered"),
        "outputs": array("Outputs of the board", integer("Output of a class, an integer")),
        "synops": array("The board's SynOps of each layer with weights", count("Number of weight additions")),
        "spikes": array("The board's spikes of each layer with weights", count("Number of spikes")),
        "ticks": _PER_STEP,
        "seconds": number("Time on the line", "seconds", 0),
        "wire_bytes": size("Sent and received"),
        "retries": count("Number of attempts that failed before this one"),
        "restarts": count("Number of runs that were begun anew"),
        "steps": count("Number of steps that the board computed"),
        "unique_ticks": _UNIQUE,
        "late": or_null(
            "without --real-time", number("Time from when the events were all there to the result", "seconds")
        ),
        "mismatch": FIRST_MISMATCH,
        "located": flag("Whether the mismatch was searched down to the neuron"),
        "label": or_null("where recordings have none", words("Class of the recording")),
        "ticks_total": or_null(_NO_CLOCK, count("Sum of `ticks`")),
        "unique_ticks_total": or_null(_NO_CLOCK, count("Sum of `unique_ticks`")),
    },
)
HIL = (
    record(
        "Figures of `edge-sast hil`",
        {
            "model_hash": MODEL_HASH,
            "data_hash": digest("SHA-256 of the events of all recordings"),
            "check": words("What was compared, as --check names it"),
            "events": one_of(
                "Which events were sent: those that count, or all as the sensor sent them", "unique", "sent"
            ),
            "recordings": count("Number of recordings that were to run"),
            "compared": count("Number of recordings with a result"),
            "complete": flag("Whether every recording has a result"),
            "accuracy": or_null(
                "where recordings have no label, or none ran", share("Accuracy of the board")
            ),
            "runtime_accuracy": or_null("where `accuracy` is", share("Accuracy of the runtime")),
            "classes": maybe("where `accuracy` is a number", CLASSES),
            "confusion": maybe("where `accuracy` is a number", CONFUSION),
            "early_margin": maybe(EARLY, integer("Lead of the largest output at which it answers", least=1)),
            "steps": maybe(EARLY, or_null("where none ran", STEPS)),
            "mismatches": count("Number of recordings that differ from the runtime"),
            "first_mismatch": FIRST_MISMATCH,
            "first_mismatch_located": or_null(
                "where everything agrees", flag("Whether it was searched down to the neuron")
            ),
            "layers": array("Each layer with weights", _LAYER),
            "boards": array("Each port, and each board on it", _BOARD),
            "late_s": or_null(
                "without --real-time",
                spread("Time from when the events were all there to the result", "seconds"),
            ),
            "behind": or_null(
                "without --real-time", count("Number of results that came when the next window was over")
            ),
            "lost_ports": table("Ports that were given up", words("The reason")),
            "set_aside": table("Recordings that failed too often, by index", words("The reason"), "^[0-9]+$"),
            "seconds": number("Time of this session", "seconds", 0),
            "results": array("Each recording with a result", _RESULT),
            "model": words("The model file, as it was named"),
            "data": words("Name of the recordings"),
            "journal": words("File that keeps the results"),
        },
        [("early_margin", "steps"), ("classes", "confusion")],
    ),
)
HIL_PORTS = (
    record(
        "Figures of `edge-sast hil ports`",
        {
            "ports": array(
                "Every serial port of this computer",
                record(
                    "A port",
                    {
                        "device": words("Name of the device"),
                        "description": words("What the system calls it"),
                        "hardware": words("Vendor, product and serial number, or n/a"),
                    },
                ),
            )
        },
    ),
)
