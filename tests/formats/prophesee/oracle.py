"""RAW and DAT files word by word in plain Python, from Prophesee's descriptions of the formats."""

import struct

Event = tuple[int, int, int, int]  # t, x, y, p
HEADS = {
    "evt2": "% evt 2.0\n% format EVT2;height=720;width=1280\n% geometry 1280x720\n% end\n",
    "evt21": "% endianness little\n% evt 2.1\n% format EVT21;endianness=little;height=720;width=1280\n% end\n",
    "evt21-legacy": "% endianness legacy\n% evt 2.1\n% format EVT21;height=720;width=1280\n% end\n",
    "evt3": "% evt 3.0\n% format EVT3;height=720;width=1280\n% geometry 1280x720\n% end\n",
}
SIZES = {"evt2": 4, "evt21": 8, "evt21-legacy": 8, "evt3": 2}
KNOWN = {
    "evt2": (0, 1, 8, 10, 13, 14, 15),
    "evt21": (0, 1, 8, 10, 14, 15),
    "evt21-legacy": (0, 1, 8, 10, 14, 15),
    "evt3": (0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15),
}


def data_of(form: str, words: list[int]) -> bytes:
    """Words as bytes."""
    if form == "evt21-legacy":
        return b"".join(struct.pack("<II", word >> 32, word & 0xFFFFFFFF) for word in words)
    return b"".join(word.to_bytes(SIZES[form], "little") for word in words)


def file_of(form: str, words: list[int]) -> bytes:
    """A RAW file with its header."""
    return HEADS[form].encode() + data_of(form, words)


def events_of_words(form: str, words: list[int]) -> list[Event]:
    """What a decoder makes of words, the first of which gives the time."""
    return {"evt2": _evt2, "evt3": _evt3}.get(form, _evt21)(words)


def _evt2(words: list[int]) -> list[Event]:
    events, wraps, high = [], 0, 0
    for word in words:
        kind = word >> 28
        if kind in (0, 1):
            t = wraps * 2**34 + high * 64 + (word >> 22) % 64
            events.append((t, (word >> 11) % 2048, word % 2048, kind))
        elif kind == 8:
            wraps += high - word % 2**28 >= 2**27
            high = word % 2**28
    return events


def _evt21(words: list[int]) -> list[Event]:
    events, wraps, high = [], 0, 0
    for word in words:
        kind = word >> 60
        if kind in (0, 1):
            t = wraps * 2**34 + high * 64 + (word >> 54) % 64
            x, y = (word >> 43) % 2048, (word >> 32) % 2048
            events += [(t, x + bit, y, kind) for bit in range(32) if word >> bit & 1]
        elif kind == 8:
            wraps += high - (word >> 32) % 2**28 >= 2**27
            high = (word >> 32) % 2**28
    return events


def _evt3(words: list[int]) -> list[Event]:
    events, wraps, high, low, y, base, polarity = [], 0, 0, 0, 0, 0, 0
    for word in words:
        kind, rest = word >> 12, word % 4096
        t = wraps * 2**24 + high * 4096 + low
        if kind == 0:
            y = rest % 2048
        elif kind == 2:
            events.append((t, rest % 2048, y, rest // 2048))
        elif kind == 3:
            base, polarity = rest % 2048, rest // 2048
        elif kind in (4, 5):
            width = 12 if kind == 4 else 8
            events += [(t, base + bit, y, polarity) for bit in range(width) if rest >> bit & 1]
            base += width
        elif kind == 6:
            low = rest
        elif kind == 8:
            wraps += high - rest >= 2048
            low = low if rest == high else 0
            high = rest
    return events


def words_of_events(form: str, events: list[Event]) -> list[int]:
    """Single events in order of time, each with the time words it needs and none more than half a clock apart."""
    words, last = [], 0
    for t, x, y, p in events:
        if form == "evt3":
            quarter = 2**22
            steps = [*range((last // quarter + 1) * quarter, t + 1, quarter), t]
            words += [0x8000 | step // 4096 % 4096 for step in steps]
            words += [0x6000 | t % 4096, y, 0x2000 | p << 11 | x]
        elif form == "evt2":
            words += [8 << 28 | step // 64 % 2**28 for step in [*range(last + 2**32, t, 2**32), t]]
            words.append(p << 28 | t % 64 << 22 | x << 11 | y)
        else:
            words += [8 << 60 | step // 64 % 2**28 << 32 for step in [*range(last + 2**32, t, 2**32), t]]
            words.append(p << 60 | t % 64 << 54 | (x // 32 * 32) << 43 | y << 32 | 1 << x % 32)
        last = t
    return words


def dat_of(
    events: list[Event], kind: int = 12, head: str = "% Version 2\n% Height 720\n% Width 1280\n"
) -> bytes:
    """A DAT file."""
    records = [struct.pack("<II", t % 2**32, p << 28 | y << 14 | x) for t, x, y, p in events]
    return head.encode() + bytes([kind, 8]) + b"".join(records)
