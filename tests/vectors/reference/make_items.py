"""items.json: feeds of blocks, and the items that a party has after all that can be applied."""

import base64
import json

import message
import model
import tree
from make_messages import genesis
from make_objects import ADD, DELETE, ONE, SET, TRUE, arr, op
from text import canonical
from wire import Refused, put

FEEDS = [bytes([n] * 32) for n in (0x0A, 0x0B, 0x0C)]
A, B, C = range(3)
OBJECT, OLD = "dxos:model/object", "wrn://protocol.dxos.org/model/object"


def block(body, clock=None, id="x"):
    """A block of generation 2. clock: {feed: seq}."""
    frames = b"".join(put(1, put(1, FEEDS[feed]) + put(3, seq)) for feed, seq in (clock or {}).items())
    return put(1, frames) + put(11, put(1, id) + body)


def born(type="t", of=OBJECT, more=b""):
    return genesis(put(1, type) + put(2, of) + more)


def parent(id):
    return put(11, put(1, id))


def action(number):
    return put(11, put(2, number))


def mutation(data):
    return put(12, data)


def cases():
    """(description, {feed: blocks})"""
    yield "one item", {A: [block(born() + mutation(op(SET, "a", ONE)))]}
    yield "of two geneses the lower stamp counts: at equal times, the lower feed key", {
        A: [block(born("first"))],
        B: [block(born("second"))],
    }
    yield "of two geneses the lower stamp counts: the time", {A: [block(b"", id="y"), block(born("later"))], B: [block(born("earlier"))]}
    yield "of two geneses the lower stamp counts: of another model, with mutations of both", {
        A: [block(b"", id="y"), block(born(of=OLD) + mutation(op(SET, "a.b", ONE)))],
        B: [block(born() + mutation(op(SET, "c.d", ONE))), block(mutation(op(SET, "e", TRUE)), {B: 0})],
        C: [block(b"", id="y"), block(b"", id="y"), block(born("third") + mutation(op(SET, "f", ONE)))],
    }
    yield "the later parent counts", {A: [block(born() + parent("p"))], B: [block(parent("q"))]}
    yield "an empty parent is a statement", {A: [block(born() + parent("p")), block(parent(""), {A: 0})]}
    yield "deleted and restored: the later stamp counts", {A: [block(born()), block(action(1), {A: 0}), block(action(2), {A: 1})]}
    yield "deleted by the one, restored by the other at the same time", {
        A: [block(born()), block(action(2), {A: 0})],
        B: [block(b"", id="y"), block(action(1), {A: 0})],
    }
    yield "action 0 leaves the flag", {A: [block(born()), block(action(1), {A: 0}), block(action(0), {A: 1})]}
    yield "a link", {A: [block(born(more=put(4, put(1, "s") + put(2, "t"))))]}
    yield "mutations before the genesis", {
        A: [block(mutation(op(SET, "a", ONE)))],
        B: [block(b"", id="y"), block(born() + mutation(op(SET, "b", TRUE)))],
    }
    yield "no genesis: an item without model", {A: [block(mutation(op(SET, "a", ONE)) + parent("p"))]}
    yield "a message with an id alone makes no item", {A: [block(b"", id="y"), block(born())]}
    yield "a refused message makes no item, and its block is covered", {A: [b"not a message", block(born(of="")), block(born())]}
    yield "a refused mutation changes nothing of the state", {
        A: [block(born() + mutation(op(SET, "a", ONE))), block(mutation(op(SET, "a", TRUE) + op(3, "b", ONE)))]
    }
    yield "but its message's other parts count", {A: [block(born()), block(parent("p") + mutation(op(SET, "")))]}
    yield "concurrent writes: the higher feed key at equal times", {
        A: [block(born()), block(mutation(op(SET, "a", ONE)), {A: 0})],
        B: [block(b"", id="y"), block(mutation(op(SET, "a", TRUE)), {A: 0})],
    }
    yield "concurrent additions to a set", {
        A: [block(born()), block(mutation(op(ADD, "a", ONE)), {A: 0})],
        B: [block(mutation(op(ADD, "a", TRUE)), {A: 0}), block(mutation(op(ADD, "a", ONE)), {A: 0, B: 0})],
    }
    yield "the old model in messages of generation 2", {
        A: [block(born(of=OLD) + mutation(op(SET, "a.b", arr(ONE)) + op(SET, "c.d", ONE)))]
    }
    yield "a message waits for what its timeframe names", {
        A: [block(born()), block(mutation(op(DELETE, "a")), {A: 0, B: 0})],
        B: [block(mutation(op(SET, "a", ONE)), {A: 0})],
    }
    yield "and for ever, where that does not exist; so do the blocks after it", {
        A: [block(born()), block(mutation(op(SET, "a", ONE)), {B: 7}), block(mutation(op(SET, "b", ONE)))],
        B: [block(parent("p"), {A: 0})],
    }
    yield "a frame of its own feed at its own seq: it waits for ever", {A: [block(born()), block(parent("p"), {A: 1})]}
    yield "refused for the length of a name: it waits as others do", {
        A: [block(born()), block(parent("p" * 1025), {B: 0})],
        B: [block(parent("q"), {A: 0})],
    }
    yield "refused for a frame: it waits for nothing", {A: [put(1, put(1, put(3, 1))) + put(11, put(1, "x")), block(born())]}
    yield "a feed that is not here", {A: [block(born(), {C: 0})], B: [block(born("other"))]}


def applied(feeds):
    """The messages that are covered in the end, as (stamp, message or None)."""
    clock, out, moved = {feed: -1 for feed in feeds}, [], True
    while moved:
        moved = False
        for feed, blocks in feeds.items():
            seq = clock[feed] + 1
            if seq == len(blocks):
                continue
            key = FEEDS[feed].hex()
            found, frames = read(blocks[seq])
            covered = {FEEDS[f].hex(): s for f, s in clock.items()}
            if any(covered.get(k, -1) < s for k, s in frames):
                continue
            out.append(((message.time_of(key, seq, frames), key, seq), found))
            clock[feed] = seq
            moved = True
    return sorted(out, key=lambda entry: entry[0]), clock


def read(data):
    """(message, or None if it is refused; what it waits for)"""
    kept, message.check_lengths = message.check_lengths, lambda _: None
    try:
        frames = message.read(data)["frames"]
    except Refused:
        return None, []
    finally:
        message.check_lengths = kept
    try:
        return message.read(data), frames
    except Refused:
        return None, frames


def item_of(id, entries):
    out, mutations = {"id": id}, []
    for stamp, m in entries:
        if "genesis" in m and "model" not in out:
            out |= {name: value for name, value in m["genesis"].items() if name != "version"}
        if "parent" in m:
            out["parent"] = m["parent"]
        if "action" in m:
            out["deleted"] = m["action"] == "delete"
        if "mutation" in m:
            mutations.append((stamp, bytes.fromhex(m["mutation"])))
    out = {name: value for name, value in out.items() if value not in ("", False)}
    if "model" in out:
        out["view"] = model.shown(model.operations(mutations, out["model"] == OLD))
    return out


PARTY = "01" + "00" * 31


def refused(data, old):
    try:
        model.read(data, old)
    except Refused:
        return True
    return False


def record_of(id, entries):
    """The item's record, of a party that has the object model (section 7)."""
    out, at, mutations = {"id": id}, {}, []
    for stamp, m in entries:
        if "genesis" in m and "genesis" not in at:
            at["genesis"] = stamp
            out |= {name: value for name, value in m["genesis"].items() if name != "version"}
        if "parent" in m:
            at["parent"] = stamp
            out["parent"] = m["parent"]
        if "action" in m:
            at["deleted"] = stamp
            out["deleted"] = m["action"] == "delete"
        if "mutation" in m:
            mutations.append((stamp, bytes.fromhex(m["mutation"])))
    out = {name: value for name, value in out.items() if value not in ("", False)}
    log, payload = mutations, {}
    if "model" in out:
        old = out["model"] == OLD
        out["version"] = 1
        keys = {stamp[1]: stamp[1] for stamp, _ in mutations}
        payload["state"] = json.loads(model.state(model.operations(mutations, old), keys))
        log = [(stamp, data) for stamp, data in mutations if refused(data, old)]
    if log:
        payload["log"] = {"n": len(log), "tail": [[*stamp, base64.b64encode(data).decode()] for stamp, data in log]}
    return out | {"at": at, "payload": payload}


def digest_of(records, clock):
    """The state digest (section 9) of a party without credentials."""
    models = sorted({(record["model"], record["version"]) for record in records if "model" in record})
    state = {
        "credentials": tree.tree([])[0],
        "items": tree.tree(records)[0],
        "models": [{"model": name, "version": version} for name, version in models],
        "party": PARTY,
        "timeframe": clock,
    }
    return tree.digest(b"echo/state/1\0" + canonical(state).encode()).hex()


def items():
    for description, feeds in cases():
        entries, clock = applied(feeds)
        by_id = {}
        for stamp, m in entries:
            if m is not None and message.changes(m):
                by_id.setdefault(m["item"], []).append((stamp, m))
        covered = {FEEDS[feed].hex(): seq for feed, seq in clock.items() if seq >= 0}
        records = [record_of(id, by_id[id]) for id in sorted(by_id)]
        yield {
            "description": description,
            "feeds": {FEEDS[feed].hex(): [data.hex() for data in blocks] for feed, blocks in feeds.items()},
            "clock": covered,
            "items": [item_of(id, by_id[id]) for id in sorted(by_id)],
            "records": [tree.alone(record)[:-1] for record in records],
            "digest": digest_of(records, covered),
        }
