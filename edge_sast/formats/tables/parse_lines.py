"""The compiled parser of lines of text, and what it says of a line that is no event."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from edge_sast.formats.columns import FIELDS, LEFT_OUT
from edge_sast.jit import jit

FIELD_CODES = {name: code for code, name in enumerate((*FIELDS, LEFT_OUT))}
# Places in `state`, int64[6], and bits of the last of them
AT, FILLED, LINES, CODE, START, OFF_SEEN = range(6)
# Why a line is no event: state[CODE]
GOOD, FEW, MANY, NO_NUMBER, NOT_WHOLE, TOO_LARGE, POLARITY, MIXED, POINT, WORDS = range(10)
REASONS = {
    FEW: "has too few columns",
    MANY: "has too many columns",
    NO_NUMBER: "has something that is no number",
    NOT_WHOLE: "has a fraction where a whole number belongs",
    TOO_LARGE: "has a number out of range (x and y: 0..65535, t: below 2^62 µs)",
    POLARITY: "has a polarity that is none of 0, 1 and -1",
    MIXED: "has 0 or -1 for OFF, and the lines before have the other",
    POINT: "has a time with a decimal point, and the first time has none (--time-unit says the unit)",
    WORDS: "is words",
}
_TENS = 10 ** np.arange(19)  # int64
_LARGEST = 1 << 62


@jit
def parse_lines(data, end, events, order, ends, power, points, state):
    """Lines of `data` as events, until its end, the end of `events`, or a line that is no event.

    Args:
        data: uint8[n]; data[end - 1] is a line feed.
        events: EVENT_DTYPE[m], filled from state[FILLED] on.
        order: int64[columns] of FIELD_CODES.
        ends: uint8[columns], the byte behind each column in most lines: those are read fast, all others too.
        power: a time is in units of 10^power µs.
        points: whether times may have a decimal point or an exponent.
        state: where to begin, and where it ended: AT, FILLED and LINES (behind AT). CODE is GOOD, or why the line
            before AT is no event; START is where the line before AT begins; OFF_SEEN has bit 0 for a polarity 0 and
            bit 1 for a -1.
    """
    state[3] = 0
    values = np.zeros(5, np.int64)
    while state[0] < end and state[1] < len(events) and state[3] == 0:
        _usual_lines(data, end, events, order, ends, power, values, state)
        if state[0] < end and state[1] < len(events):
            _any_line(data, events, order, power, points, state)


@partial(jit, inner=True)
def _usual_lines(data, end, events, order, ends, power, values, state):
    """Lines of plain numbers with the usual byte behind each column; stops before the first that is another."""
    one, stop = np.uint64(1), np.uint64(end)  # indices without a sign need no test for being negative
    start = at = np.uint64(state[0])
    line, filled, seen, last, feed = start, state[1], state[5], len(order) - 1, ends[-1] == 13
    decimal = -1
    for column in range(len(order)):
        if power and order[column] == 0:
            decimal = column
    while at < stop and filled < len(events):
        for column in range(len(order)):
            begin, value, c = at, np.int64(0), data[at]
            while 48 <= c <= 57:
                value = value * 10 + np.int64(c - np.uint8(48))
                at += one
                c = data[at]
            digits = np.int64(at - begin)
            if column == decimal:
                if c != 46 or digits > 12:
                    break
                begin = at
                at += one
                c = data[at]
                while 48 <= c <= 57:
                    value = value * 10 + np.int64(c - np.uint8(48))
                    at += one
                    c = data[at]
                decimals = np.int64(at - begin) - 1
                if decimals > power:
                    break
                value *= _TENS[power - decimals]
            elif digits == 0 and c == 45 and order[column] == 3 and data[at + one] == 49:  # -1
                at += np.uint64(2)
                value, digits, c = np.int64(-1), np.int64(1), data[at]
            if c != ends[column] or not 0 < digits <= 18:
                break
            values[order[column]] = value
            at += one
            if column == last:
                # without branches: a polarity cannot be foretold
                p, met = values[3], seen | 1 - values[3]
                bad = ((values[1] | values[2]) > 65535) | (p > 1) | (met == 3)
                if bad or (feed and data[at] != 10):
                    break
                if feed:
                    at += one
                seen = met
                events[filled].t = values[0]
                events[filled].x = values[1]
                events[filled].y = values[2]
                events[filled].p = p + 1 >> 1
                filled += 1
                line, start = start, at
        if start != at or column != last:
            break
    if filled > state[1]:
        state[4] = np.int64(line)
    state[2] += filled - state[1]
    state[0], state[1], state[5] = np.int64(start), filled, seen


@partial(jit, inner=True)
def _any_line(data, events, order, power, points, state):
    """One line, whatever it is."""
    start, filled = state[0], state[1]
    at = _after_blanks(data, start)
    if data[at] != 10 and data[at] != 35 and data[at] != 37:  # '#' and '%' begin comments
        code, at, t, x, y, p = _event(data, at, order, power, points)
        off = 1 - p if p <= 0 else 0
        if code == 0 and off and state[5] | off == 3:
            code = 7
        elif code and 97 <= data[start] | 32 <= 122:
            code = 9
        state[3], state[4] = code, start
        if code == 0:
            events[filled].t = t
            events[filled].x = x
            events[filled].y = y
            events[filled].p = p > 0
            state[1] += 1
            state[5] |= off
    while data[at] != 10:
        at += 1
    state[0] = at + 1
    state[2] += 1


@partial(jit, inner=True)
def _event(data, at, order, power, points):
    """(code, where it ended, t, x, y, p) of a line that begins at `at`; p as it stands there."""
    t: Any
    x: Any
    y: Any
    p: Any
    t, x, y, p = 0, 0, 0, 0
    for column in range(len(order)):
        if column:
            at, code = _to_next(data, at)
            if code:
                return code, at, t, x, y, p
        field, begin, value = order[column], at, np.int64(0)
        digit = np.int64(data[at]) - 48
        while 0 <= digit <= 9:
            value = value * 10 + digit
            at += 1
            digit = np.int64(data[at]) - 48
        plain = 0 < at - begin <= 18 and _ends_number(data[at])
        if field == 0:
            if not plain or power != 0:
                code, at, value, _ = _number(data, begin, power, points)
                if code:
                    return code, at, t, x, y, p
            t = value
        elif field == 4:
            while not _ends_number(data[at]):
                at += 1
        else:
            if not plain:
                code, at, value = _whole(data, begin, field == 3)
                if code:
                    return code, at, t, x, y, p
            if field == 1:
                x = value
            elif field == 2:
                y = value
            else:
                p = value
    at = _after_blanks(data, at)
    if data[at] != 10:
        return 2, at, t, x, y, p
    if x < 0 or x > 65535 or y < 0 or y > 65535:
        return 5, at, t, x, y, p
    return 0 if -1 <= p <= 1 else 6, at, t, x, y, p


@partial(jit, inner=True)
def _ends_number(c):
    return c == 44 or c == 10 or c == 32 or c == 13 or c == 9 or c == 59  # , LF space CR tab ;


@partial(jit, inner=True)
def _after_blanks(data, at):
    """The first byte from `at` on that is no space, tab or carriage return."""
    while data[at] == 32 or data[at] == 9 or data[at] == 13:
        at += 1
    return at


@partial(jit, inner=True)
def _to_next(data, at):
    """(begin of the next column, code): blanks and at most one comma or semicolon stand between two."""
    begin = at
    at = _after_blanks(data, at)
    if data[at] == 44 or data[at] == 59:
        at = _after_blanks(data, at + 1)
    if data[at] == 10:
        return at, 1
    return at, 0 if at > begin else 3


@partial(jit, inner=True)
def _whole(data, begin, truth):
    """(code, end, value) of a whole number, however it is written; of true and false too where `truth`."""
    if truth:
        c = data[begin] | 32
        if c == 116 and data[begin + 1] | 32 == 114 and _ends_number(data[begin + 4]):  # "tr.."
            return 0, begin + 4, 1
        if c == 102 and data[begin + 1] | 32 == 97 and _ends_number(data[begin + 5]):  # "fa..."
            return 0, begin + 5, 0
    code, at, value, exact = _number(data, begin, 0, True)
    if code == 0 and not exact:
        code = 4
    return code, at, value


@partial(jit, inner=True)
def _number(data, at, power, points):
    """(code, end, value, whether that is exact) of a decimal number times 10^power, to the nearest, halves to even."""
    negative = data[at] == 45
    if negative or data[at] == 43:
        at += 1
    mantissa: Any
    rest: Any
    begin, mantissa, digits, exponent, rest, point = at, 0, 0, power, False, False
    first: Any
    first = -1  # digit behind the mantissa
    while True:
        digit = np.int64(data[at]) - 48
        if 0 <= digit <= 9:
            if digits < 18 or (digits == 18 and mantissa <= _LARGEST // 10 and first < 0):
                mantissa = mantissa * 10 + digit
                digits += mantissa > 0
                exponent -= point
            else:
                rest = rest or (first >= 0 and digit > 0)
                first = digit if first < 0 else first
                exponent += not point
        elif data[at] == 46 and not point:
            point = True
        else:
            break
        at += 1
    if at - begin == point:
        return 3, at, 0, False
    if data[at] | 32 == 101:  # 'e'
        code, at, given = _exponent(data, at + 1)
        if code:
            return code, at, 0, False
        exponent, point = exponent + given, True
    if not _ends_number(data[at]):
        return 3, at, 0, False
    if point and not points:
        return 8, at, 0, False
    code, value, exact = _scaled(mantissa, exponent, first, rest)
    return code, at, -value if negative else value, exact


@partial(jit, inner=True)
def _exponent(data, at):
    """(code, end, value) of the digits behind an 'e'; no larger than 9,999."""
    negative = data[at] == 45
    if negative or data[at] == 43:
        at += 1
    begin, value = at, np.int64(0)
    while 48 <= data[at] <= 57:
        value = value * 10 + np.int64(data[at]) - 48 if value < 1000 else np.int64(9999)
        at += 1
    return 0 if at > begin else 3, at, -value if negative else value


@partial(jit, inner=True)
def _scaled(mantissa, exponent, first, rest):
    """(code, number rounded, whether that is exact): mantissa * 10^exponent, and the digit behind it (-1: none), and
    whether digits that are not 0 follow that one."""
    if exponent > 0 or (exponent == 0 and first < 0):
        if mantissa and (first >= 0 or exponent > 18 or mantissa >= _LARGEST // _TENS[exponent]):
            return 5, 0, False
        return 0, mantissa * _TENS[min(exponent, 18)], True
    if exponent == 0:
        up = first > 5 or (first == 5 and (rest or mantissa & 1))
        return 0, mantissa + up, first == 0 and not rest
    if exponent < -18:
        return 0, 0, mantissa == 0
    more = first > 0 or rest
    unit = _TENS[-exponent]
    value, left = mantissa // unit, mantissa % unit
    if left > unit // 2 or (left == unit // 2 and (more or value & 1)):
        value += 1
    return 0, value, left == 0 and not more
