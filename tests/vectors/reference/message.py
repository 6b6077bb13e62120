"""Blocks of feeds: docs/FORMAT.md, "Messages" and "Canonical order"."""

from wire import Refused, decode, fields

TABLES = {
    "Message1": {1: ("halo", "Credentials"), 2: ("echo", "Envelope")},
    "Message2": {1: ("timeframe", "Timeframe"), 10: ("halo", "Credentials"), 11: ("echo", "Envelope")},
    "Envelope": {
        1: ("itemId", "bytes"),
        2: ("timeframe", "Timeframe"),
        10: ("genesis", "Genesis"),
        11: ("itemMutation", "ItemMutation"),
        12: ("mutation", "bytes"),
    },
    "Genesis": {1: ("type", "bytes"), 2: ("model", "bytes"), 3: ("version", "bytes"), 4: ("link", "Link")},
    "Link": {1: ("source", "bytes"), 2: ("target", "bytes")},
    "ItemMutation": {1: ("parentId", "bytes"), 2: ("action", "int32")},
    "Timeframe": {1: ("frames", "*Frame")},
    "Frame": {1: ("feedKey", "bytes"), 3: ("seq", "int32")},
    "Credentials": {1: ("data", "bytes")},
}


def text(data, most=None):
    if b"\0" in data:
        raise Refused()
    try:
        out = data.decode()
    except UnicodeDecodeError:
        raise Refused() from None
    if most is not None and len(data) > most:
        raise Refused()
    return out


def frames_of(timeframe):
    out = []
    for frame in timeframe.get("frames", []):
        if "seq" not in frame:
            continue  # not a frame, whatever else is in it
        if len(frame.get("feedKey", b"")) != 32 or frame["seq"] < 0:
            raise Refused()
        out.append([frame["feedKey"].hex(), frame["seq"]])
    return out


def item_of(envelope, generation):
    """The parts of an item's message that count. Names that are empty mean "none"."""
    item = text(envelope.get("itemId", b""))
    if item == "":
        raise Refused()
    out = {"item": item}
    if "genesis" in envelope:
        genesis = envelope["genesis"]
        names = {name: text(genesis.get(name, b"")) for name in ("type", "model", "version")}
        link = genesis.get("link", {}) if generation == 2 else {}
        names |= {name: text(link.get(name, b"")) for name in ("source", "target")}
        if names["model"] == "":
            raise Refused()
        out["genesis"] = {name: value for name, value in names.items() if value != ""}
    if "itemMutation" in envelope:
        if "parentId" in envelope["itemMutation"]:
            out["parent"] = text(envelope["itemMutation"]["parentId"])
        action = envelope["itemMutation"].get("action", 0)
        if generation == 2 and action in (1, 2):
            out["action"] = {1: "delete", 2: "restore"}[action]
    if "mutation" in envelope:
        out["mutation"] = envelope["mutation"].hex()
    return out


def check_lengths(message):
    if len(message["item"].encode()) > 1024:
        raise Refused("LIMIT")
    text(message.get("parent", "").encode(), 1024)
    genesis = message.get("genesis", {})
    text(genesis.get("model", "").encode(), 256)
    for name in ("type", "source", "target"):
        text(genesis.get(name, "").encode(), 1024)


def read(block):
    generation = 2 if any(number in (10, 11) for number, _, _ in fields(block)) else 1
    message = decode(TABLES, "Message%d" % generation, block)
    out = {"generation": generation, "kind": "unknown", "frames": []}
    if "halo" in message and "echo" in message:
        raise Refused()
    if "halo" in message:
        out["kind"] = "credential"
        out["credential"] = message["halo"].get("data", b"").hex()
    if "echo" in message:
        out["kind"] = "item"
        out |= item_of(message["echo"], generation)
    holder = message if generation == 2 else message.get("echo", {})
    out["frames"] = frames_of(holder.get("timeframe", {}))
    if out["kind"] == "item":
        check_lengths(out)
    return out


def changes(message):
    """Whether an item's record follows from a message of an item that nothing else is known of."""
    return any(part in message for part in ("genesis", "parent", "action", "mutation"))


def time_of(feed, seq, frames):
    clock = {feed: seq}
    for key, at in frames:
        clock[key] = max(clock.get(key, 0), at)
    return min(sum(at + 1 for at in clock.values()), 2**64 - 1)
