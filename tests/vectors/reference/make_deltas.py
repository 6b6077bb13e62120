"""Vectors of deltas: docs/EXCHANGE.md, "Chunks"."""

import tree

FEEDS = ["%02x" % n * 32 for n in (0x0A, 0x5C, 0xFF)]
LINES_MAX = 256


def lines(records, chunk):
    """What is compared: the records of a leaf alone, or the lines of another chunk."""
    text = "".join(map(tree.alone, records)) if records is not None else chunk
    return [line.encode() for line in text.splitlines(keepends=True)]


def prints(base):
    return b"".join(tree.digest(line)[:4] for line in base[:LINES_MAX])


def delta(base, wanted):
    out = b""
    base = base[:LINES_MAX]
    for line in wanted:
        if line in base:
            out += bytes([0, base.index(line), 0])
        else:
            out += bytes([1]) + len(line).to_bytes(4, "big") + line
    return out


def case(description, old, new, chunks=None):
    base, wanted = chunks if chunks else (tree.leaf(old), tree.leaf(new))
    here, there = lines(old, base), lines(new, wanted)
    return {"description": description, "leaf": chunks is None, "base": base, "chunk": wanted, "prints": prints(here).hex(),
            "delta": delta(here, there).hex()}


def item(n, feed, **more):
    return {"id": "item/%d" % n, "type": "t", "model": "m", "version": 1, "at": {"genesis": (n + 1, feed, n)},
            "payload": {"state": {"feeds": [feed], "n": n}}} | more


def node(names):
    return "".join(tree.line({"last": name, "hash": tree.digest(name.encode()).hex(), "items": 1, "bytes": 99}) for name in names)


def deltas():
    a, b, c = FEEDS
    old = [item(n, b) for n in range(4)]
    yield case("a leaf with one record changed", old, old[:2] + [item(2, b, deleted=True)] + old[3:])
    yield case(
        "a feed that is new to the leaf, before the others: each line of the leaf changes, and one record",
        old, old[:1] + [item(1, a)] + old[2:],
    )
    yield case("a feed that is gone", old[:1] + [item(1, a)] + old[2:], old)
    yield case("a kind that is new to the leaf", old, [item(0, b, type="s")] + old[1:])
    yield case("records that came and went", old, [old[3], item(5, c)])
    yield case("nothing in common", old, [item(9, a)])
    yield case("nodes: their lines as they are", None, None, (node("ace"), node("abce")))
