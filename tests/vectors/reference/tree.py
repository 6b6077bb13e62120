"""Leaves, nodes and roots: docs/FORMAT.md, "Records" and "Tree"."""

import hashlib
import re

import text

RUN_MAX = 256


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def zeros(record_id):
    """How many levels end at an id: each takes four more zero bits of its hash."""
    bits = int.from_bytes(digest(b"echo/boundary/1\0" + record_id.encode()), "big")
    return (256 - bits.bit_length()) // 4


def kind(record):
    return (record.get("type"), record.get("model"), record.get("version", 0))


def by_bytes(value):
    return (value is not None, (value or "").encode())


def stamps(record, stamp):
    return {name: text.Text(stamp(*record["at"][name])) for name in sorted(record.get("at", {}))}


KEY = re.compile("[0-9a-f]{64}")


def state_feeds(record):
    """The feeds that a record's state begins with, if it does: its first key, at least one, ascending."""
    state = record.get("payload", {}).get("state")
    if not isinstance(state, dict) or min(state, key=str.encode, default=None) != "feeds":
        return []
    feeds = state["feeds"]
    good = isinstance(feeds, list) and all(isinstance(f, str) and KEY.fullmatch(f) for f in feeds)
    return feeds if good and feeds == sorted(set(feeds)) else []


def line(members):
    return "{" + ",".join(text.string(k) + ":" + text.canonical(v) for k, v in members.items()) + "}\n"


def alone(record):
    """A record with everything in full; its members are in the order of the page."""
    head = {name: record[name] for name in ("id", "type", "model", "version", "parent", "source", "target", "deleted") if name in record}
    at = stamps(record, lambda time, feed, seq: '[%d,"%s",%d]' % (time, feed, seq))
    head |= ({"at": at} if at else {}) | ({"of": record["of"]} if "of" in record else {})
    return line(head | record.get("payload", {}))


def leaf(records):
    feeds = sorted({feed for record in records for _, feed, _ in record.get("at", {}).values()}
                   | {feed for record in records for feed in state_feeds(record)})
    kinds = sorted({kind(record) for record in records} - {(None, None, 0)}, key=lambda k: (by_bytes(k[0]), by_bytes(k[1]), k[2]))

    def within(time, feed, seq):
        index = feeds.index(feed)
        if time != seq + 1:
            return "[%d,%d,%d]" % (index, seq, time)
        return "[%d,%d]" % (index, seq) if index > 0 else str(seq)

    out = line({"feeds": feeds, "kinds": [list(k) for k in kinds]})
    for record in records:
        head = {"id": record["id"]}
        if kind(record) != (None, None, 0):
            head["kind"] = kinds.index(kind(record))
        head |= {name: record[name] for name in ("parent", "source", "target", "deleted") if name in record}
        at = stamps(record, within)
        if at:
            head["at"] = at["genesis"] if at.keys() == {"genesis"} else at
        if "of" in record:
            head["of"] = record["of"]
        payload = dict(record.get("payload", {}))
        if state_feeds(record):
            indices = [feeds.index(feed) for feed in state_feeds(record)]
            head["feeds"] = indices if len(indices) > 1 else indices[0]
            payload["state"] = {name: value for name, value in payload["state"].items() if name != "feeds"}
        out += line(head | payload)
    return out


def runs(entries, level):
    """Entries are (last id, ...)."""
    run = []
    for entry in entries:
        run.append(entry)
        if zeros(entry[0]) > level or len(run) == RUN_MAX:
            yield run
            run = []
    if run:
        yield run


def tree(records):
    """The root and the chunks, by name."""
    chunks = {}

    def put(chunk):
        name = digest(chunk.encode()).hex()
        chunks[name] = chunk
        return name

    entries = []
    for run in runs([(record["id"], record) for record in sorted(records, key=lambda r: r["id"].encode())], 0):
        chunk = leaf([record for _, record in run])
        entries.append((run[-1][0], put(chunk), len(run), len(chunk.encode())))
    height = 0
    while len(entries) > 1:
        height += 1
        above = []
        for run in runs(entries, height):
            node = "".join(line({"last": last, "hash": name, "items": n, "bytes": size}) for last, name, n, size in run)
            above.append((run[-1][0], put(node), sum(e[2] for e in run), sum(e[3] for e in run)))
        entries = above
    if not entries:
        return {"bytes": 0, "height": 0, "items": 0}, chunks
    _, name, items, size = entries[0]
    return {"bytes": size, "hash": name, "height": height, "items": items}, chunks
