"""Run by the Python of another environment, where libraries of this field are installed: reads, writes or sends events.

peers.py read LIBRARY FILE OUT.npy          int64[n, 4] of t, x, y, p as the library gives them
peers.py write-es TYPE OUT.es OUT.npy       by event_stream: dvs, atis or color, and the events
peers.py send COMPRESSION SOCKET OUT.npy    by dv-processing's NetworkWriter, and the events
"""

import sys
import time

import numpy as np


def by_aedat(path):
    import aedat

    return [packet["events"] for packet in aedat.Decoder(path) if "events" in packet]


def by_dv_processing(path):
    import dv_processing as dv

    reader, found = dv.io.MonoCameraRecording(path), []
    while (batch := reader.getNextEventBatch()) is not None:
        found.append(batch.numpy())
    return found


def by_faery(path):
    import faery

    return list(faery.events_stream_from_file(path))


def by_evutils(path):
    from evutils.io import EventReader

    return list(EventReader(path))


def by_event_stream(path):
    import event_stream

    with event_stream.Decoder(path) as decoder:
        return list(decoder)


NAMES = (("t", "timestamp"), ("x",), ("y",), ("p", "on", "polarity"))


def table(packets):
    """int64[n, 4] of structured arrays, whatever they call their fields, or of objects with four columns."""
    found = [np.empty((0, 4), np.int64)]
    for packet in packets:
        if isinstance(packet, np.ndarray):
            fields = packet.dtype.fields
            columns = [next(packet[name] for name in names if name in fields) for names in NAMES]
        else:
            columns = [getattr(packet, name) for name in "txyp"]
        found.append(np.stack([np.asarray(column).astype(np.int64) for column in columns], 1))
    return np.concatenate(found)


def read(library, path, out):
    np.save(out, table(globals()[f"by_{library.replace('-', '_')}"](path)))


def random_events(count, seed=5):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.integers(0, 700, count))
    return np.stack(
        [t, rng.integers(0, 304, count), rng.integers(0, 240, count), rng.integers(0, 2, count)], 1
    )


def write_es(kind, path, out):
    import event_stream

    rows = random_events(5000)
    events = np.zeros(len(rows), getattr(event_stream, f"{kind}_dtype"))
    events["t"], events["x"], events["y"] = rows[:, 0], rows[:, 1], rows[:, 2]
    if kind == "dvs":
        events["on"] = rows[:, 3]
    elif kind == "atis":
        events["polarity"] = rows[:, 3]
        events["exposure"] = np.arange(len(rows)) % 3 == 0  # which is no change
        rows = rows[~events["exposure"]]
    else:
        events["r"], rows[:, 3] = rows[:, 1] % 256, 1
    with event_stream.Encoder(path, kind, 304, 240) as encoder:
        for part in np.array_split(events, 7):
            encoder.write(part)
    rows[:, 2] = 239 - rows[:, 2]
    np.save(out, rows)


def send(compression, path, out):
    import dv_processing as dv

    rows = random_events(3000)
    stream = dv.io.Stream.EventStream(0, "events", "camera", (304, 240))
    stream.setCompression(getattr(dv.CompressionType, compression))
    writer = dv.io.NetworkWriter(dv.Path(path) if hasattr(dv, "Path") else path, stream)
    print("ready", flush=True)
    while not writer.getClientCount():
        time.sleep(0.01)
    for start in range(0, len(rows), 300):
        store = dv.EventStore()
        for t, x, y, p in rows[start : start + 300].tolist():
            store.push_back(1_605_507_430_000_000 + t, x, y, bool(p))
        writer.writeEvents(store)
    rows[:, 0] += 1_605_507_430_000_000
    np.save(out, rows)
    print("sent", flush=True)
    time.sleep(30)  # the other side ends it


if __name__ == "__main__":
    {"read": read, "write-es": write_es, "send": send}[sys.argv[1]](*sys.argv[2:])
