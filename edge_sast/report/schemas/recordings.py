"""Figures of `edge-sast data info` and `edge-sast doctor`."""

from __future__ import annotations

from edge_sast.report.schemas.forms import (
    Schema,
    array,
    count,
    flag,
    integer,
    number,
    or_null,
    record,
    share,
    table,
    words,
)

_SENSOR = array("Width and height of the sensor in pixels", integer("A side", "pixels", least=1), 2, 2)
_FILE = record(
    "An event file",
    {
        "file": words("Its name"),
        "format": words("Its format"),
        "sensor": or_null("where the file says none", _SENSOR),
        "said": table("What the file says of itself", words("A value, as text")),
        "assumed": array("What was taken because the file says nothing", words("A sentence")),
        "left_out": array("Events of the file that nobody gets", words("A sentence")),
        "events": count("Number of events"),
        "on": count("Number of ON events"),
        "first_us": or_null(
            "of a file without events", integer("Time of the earliest event", "microseconds")
        ),
        "last_us": or_null("of a file without events", integer("Time of the latest event", "microseconds")),
        "rate_bin_us": integer("Length of the bins of `rate_events_per_s`", "microseconds", least=1),
        "rate_events_per_s": array("Rate in each bin of time", number("Rate", "events per second", 0)),
        "hot_pixels": array(
            "Pixels that send far more than their neighbours",
            record(
                "A pixel",
                {"x": count("Column"), "y": count("Row"), "events": count("Number of events")},
            ),
        ),
        "defects": table("How often each kind of defect was met", count("Number of defects")),
        "first_defects": table("The first of each kind of defect", words("A message")),
    },
)


def _points(text: str, unit: str) -> Schema:
    titles = {"min": "Least", "median": "Median", "max": "Largest"}
    found = record(text, {name: number(title, unit, 0) for name, title in titles.items()})
    return or_null("where no recording was read", found)


_NONE = "where no event was read"
_SPLIT = record(
    "A split",
    {
        "recordings": count("Number of recordings, damaged ones included"),
        "classes": table("Recordings of each class, damaged ones included", count("Number of recordings")),
        "events_total": count("Number of events"),
        "events_per_recording": _points("Events of a recording", "events"),
        "duration_ms": _points("Time from the first to the last event of a recording", "milliseconds"),
        "rate_events_per_s": or_null(_NONE, number("Mean rate", "events per second", 0)),
        "on_fraction": or_null(_NONE, share("Share of ON events")),
        "empty": array("Recordings without events", words("A name")),
        "bad": array("Damaged recordings, one message each", words("A message")),
        "assumed": array("What was taken because files say nothing", words("A sentence")),
        "left_out": array("Events of the files that nobody gets", words("A sentence")),
    },
)
DATA_INFO = (
    record(
        "Figures of `edge-sast data info` of a data set",
        {
            "data": words("Name of the data set"),
            "sensor": _SENSOR,
            "splits": table("Each split", _SPLIT),
        },
    ),
    record(
        "Figures of `edge-sast data info` of files",
        {
            "files": array("Each file that was read to its end", _FILE),
            "bad": array("What is wrong with them", words("A message")),
        },
    ),
)
DOCTOR = (
    record(
        "Figures of `edge-sast doctor`",
        {
            "findings": array(
                "Everything that was looked for",
                record(
                    "A finding",
                    {
                        "what": words("What was looked for, and what it serves"),
                        "state": words("What was found"),
                        "ok": flag("Whether it can be used"),
                        "remedy": words("How to get it; empty where nothing is to be done"),
                        "required": flag("Whether every command needs it"),
                    },
                ),
            ),
            "ready": flag("Whether all that is required is there"),
        },
    ),
)
