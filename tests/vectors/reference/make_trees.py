"""Vectors of trees."""

import random

import tree

FEEDS = ["%02x" % n * 32 for n in (0x0A, 0x5C, 0xFF)]
MODEL = "dxos:model/object"


def case(description, records, chunks=True):
    root, made = tree.tree(records)
    out = {"description": description, "records": [tree.alone(r)[:-1] for r in records], "root": root}
    return out | ({"chunks": made} if chunks else {})


def item(record_id, **members):
    return {"id": record_id, **members}


def varied(r, record_id):
    out = item(record_id)
    if r.random() < 0.9:
        out["type"] = r.choice(["", "example:type/a", 'example:type/"b"', "\u00e4"])
    if r.random() < 0.8:
        out |= {"model": r.choice([MODEL, "m\n"]), "version": r.choice([1, 2]), "payload": {"state": state(r)}}
    elif r.random() < 0.5:
        out["payload"] = {"log": {"n": 1, "tail": [[3, FEEDS[0], 2, "AAE="]]}}
    if r.random() < 0.3:
        out["parent"] = "item/%03d" % r.randrange(100)
    if r.random() < 0.1:
        out["deleted"] = True
    out["at"] = {name: stamp(r) for name in ("genesis", "parent", "deleted") if r.random() < 0.4}
    return out


def state(r):
    out = {"n": r.randrange(9)}
    if r.random() < 0.5:
        out["feeds"] = sorted(r.sample(FEEDS, r.randrange(1, 4)))
    return out


def stamp(r):
    seq = r.randrange(1000)
    return (seq + 1 if r.random() < 0.6 else seq + 1 + r.randrange(500), r.choice(FEEDS), seq)


def trees():
    r = random.Random(8)
    a, b = FEEDS[:2]
    yield case("no records", [])
    yield case("a record that refers to nothing: an empty header", [item("a")])
    yield case(
        "the example of the page: an item that another feed moved",
        [
            item("item/1", type="example:type/task", model=MODEL, version=1, at={"genesis": (4, b, 3)}, payload={"state": {}}),
            item("item/2", type="example:type/task", model=MODEL, version=1, parent="item/1", payload={"state": {}},
                 at={"genesis": (5, b, 4), "parent": (6, a, 0)}),
        ],
    )
    yield case(
        "every form of a stamp, among them the highest",
        [
            item("1", at={"genesis": (1, a, 0)}),
            item("2", at={"genesis": (1, b, 0)}),
            item("3", at={"genesis": (9, a, 0)}),
            item("4", at={"genesis": (2**64 - 1, a, 2**64 - 2), "parent": (2**64 - 1, a, 2**64 - 1)}),
            item("5", at={"deleted": (3, b, 2), "genesis": (3, a, 2), "parent": (1, b, 5)}, deleted=True),
        ],
    )
    yield case(
        "the order of kinds: what is absent comes first, texts bytewise, then versions",
        [
            item("1", type="b", model="m", version=2),
            item("2", type="b", model="m", version=1),
            item("3", type="b", model="m"),
            item("4", type="b"),
            item("5", model="m", version=1, payload={"bytes": "AAE="}),
            item("6", type="a", model="z", version=1),
            item("7", type="", model="z"),
            item("8", type="\u00fc", model="z"),
            item("9", type="B"),
        ],
    )
    yield case(
        "states that begin with feeds, and states that look as if they did",
        [
            item("1", model=MODEL, version=1, at={"genesis": (1, b, 0)}, payload={"state": {"feeds": [a], "when": [1]}}),
            item("2", model=MODEL, version=1, payload={"state": {"feeds": [a, FEEDS[2]]}}),
            item("3", model=MODEL, version=1, payload={"state": {"feeds": [b, a]}}),
            item("4", model=MODEL, version=1, payload={"state": {"feeds": [a, a]}}),
            item("5", model=MODEL, version=1, payload={"state": {"feeds": []}}),
            item("6", model=MODEL, version=1, payload={"state": {"feeds": [a.upper()]}}),
            item("7", model=MODEL, version=1, payload={"state": {"a": 1, "feeds": [FEEDS[2]]}}),
            item("8", model=MODEL, version=1, payload={"state": {"feeds": [a, 1]}}),
            item("9", model=MODEL, version=1,
                 payload={"state": {"feeds": [b], "n": 1}, "log": {"n": 1, "tail": [[3, FEEDS[0], 2, "AAE="]]}}),
        ],
    )
    yield case(
        "states that were made for another genesis",
        [
            item("1", type="t", model="m", version=1, of=[None, "n"], payload={"state": {"feeds": [a], "n": 1}}),
            item("2", type="t", model="m", version=2, of=["u", "m"], at={"genesis": (1, b, 0)}, payload={"bytes": "AAE="}),
            item("3", model="m", version=1, of=["", 'n"'], payload={"state": 1, "log": {"n": 1, "tail": [[3, a, 2, "AAE="]]}}),
        ],
    )
    yield case("ids that sort by bytes, with escapes", [item(i) for i in ['q"', "q", "\u20ac", "\n", "\\", "\U0001f600", "~"]])
    yield case("cut at the ids: several leaves and a node", [varied(r, "item/%03d" % n) for n in range(60)])
    never = [i for i in ("r%05d" % n for n in range(700)) if tree.zeros(i) == 0][:520]
    yield case("no id ends a leaf: cut after every 256th record", [item(i) for i in never], chunks=False)
    yield case("nodes above nodes", [item("item/%05d" % n) for n in range(600)], chunks=False)
