"""messages.json and stamps.json."""

import message
from wire import Refused, put, put_varint

F1, F2 = bytes(range(32)), bytes(range(32, 64))
MODEL = "dxos:model/object"


def frame(feed=F1, seq=4):
    return put(1, put(1, feed) + put(3, seq))


def new(envelope, frames=b""):
    return put(1, frames) + put(11, envelope)


def old(envelope, frames=b""):
    return put(2, put(1, "x") + put(2, frames) + envelope)


def genesis(body):
    return put(10, body)


def item(body):
    return new(put(1, "x") + body)


def model(body=b""):
    return item(genesis(put(2, MODEL) + body))


def cases():
    yield "a genesis with type, parent and mutation", new(
        put(1, "x") + genesis(put(1, "type") + put(2, MODEL) + put(3, "1.0")) + put(11, put(1, "p")) + put(12, b""), frame()
    )
    yield "the same in generation 1", old(
        genesis(put(1, "type") + put(2, MODEL) + put(3, "1.0")) + put(11, put(1, "p")) + put(12, b""), frame()
    )
    yield "an empty block is of generation 1 and of no known kind", b""
    yield "generation 2 by its field 10: a credential", put(1, frame()) + put(10, put(1, b"credential"))
    yield "generation 1: a credential", put(1, put(1, b"credential"))
    yield "a credential without data", put(10, b"")
    yield "only a timeframe at field 1: by its fields of generation 1, where field 1 is a credential", put(1, put(1, b"abc"))
    # Oneofs and repetition.
    yield "halo and echo: refused", put(10, put(1, b"c")) + put(11, put(1, "x"))
    yield "halo and echo in generation 1: refused", put(1, put(1, b"c")) + put(2, put(1, "x"))
    yield "echo twice", put(11, put(1, "x") + put(12, b"\x01")) + put(11, put(1, "y"))
    yield "genesis twice", item(genesis(put(1, "a") + put(2, "m")) + genesis(put(1, "b")))
    yield "item mutation twice", item(put(11, put(1, "p")) + put(11, put(1, "q")))
    yield "parent twice: the later one counts", item(put(11, put(1, "p") + put(1, "q")))
    yield "timeframe twice", put(1, frame()) + put(1, frame(F2, 7)) + put(11, put(1, "x"))
    yield "mutation twice: the later one counts", item(put(12, b"\x01") + put(12, b"\x02"))
    # What carries nothing.
    yield "an item id alone: no record", item(b"")
    yield "an empty item mutation: no record", item(put(11, b""))
    yield "action 0: no record", item(put(11, put(2, 0)))
    yield "an unknown action: no record", item(put(11, put(2, 3)))
    yield "an unknown field alone: no record", item(put(13, b"snapshot"))
    yield "generation 1 has no actions: no record", old(put(11, put(2, 1)))
    yield "an empty mutation is a mutation", item(put(12, b""))
    yield "an empty parent id is a statement: no parent", item(put(11, put(1, b"")))
    yield "action 1: deleted", item(put(11, put(2, 1)))
    yield "action 2: restored", item(put(11, put(2, 2)))
    yield "an action is its low 32 bits", item(put(11, put(2, 2**32 + 1)))
    # Names.
    yield "no item id", new(put(12, b""))
    yield "an empty item id", new(put(1, "") + put(12, b""))
    yield "an item id of 1024 bytes", new(put(1, "x" * 1024) + put(12, b""))
    yield "an item id of 1025 bytes", new(put(1, "x" * 1025) + put(12, b""))
    yield "an item id with U+0000", new(put(1, b"x\0") + put(12, b""))
    yield "an item id that is not UTF-8", new(put(1, b"\xff") + put(12, b""))
    yield "an item id with a lone surrogate", new(put(1, b"\xed\xa0\x80") + put(12, b""))
    yield "an item id in an overlong encoding", new(put(1, b"\xc1\x81") + put(12, b""))
    yield "an item id beyond U+FFFF", new(put(1, "\U0001f30d") + put(12, b""))
    yield "no model", item(genesis(put(1, "type")))
    yield "an empty model", item(genesis(put(1, "type") + put(2, "")))
    yield "a model of 256 bytes", item(genesis(put(2, "m" * 256)))
    yield "a model of 257 bytes", item(genesis(put(2, "m" * 257)))
    yield "an empty type means none", model(put(1, ""))
    yield "a type of 1025 bytes", model(put(1, "t" * 1025))
    yield "a model version that is not UTF-8", model(put(3, b"\xff"))
    yield "a link", model(put(4, put(1, "s") + put(2, "t")))
    yield "an empty source means none", model(put(4, put(1, "") + put(2, "t")))
    yield "a source with U+0000", model(put(4, put(1, b"s\0")))
    yield "a target of 1025 bytes", model(put(4, put(2, "t" * 1025)))
    yield "generation 1 has no links", old(genesis(put(2, "m") + put(4, put(1, b"\xff"))))
    yield "but a malformed one is malformed", old(genesis(put(2, "m") + put(4, put_varint(1 << 3))))
    yield "a parent of 1025 bytes", item(put(11, put(1, "p" * 1025)))
    yield "a parent that is not UTF-8", item(put(11, put(1, b"\xff")))
    # Frames.
    yield "a frame without seq is no frame, whatever its key", new(put(1, "x") + put(12, b""), put(1, put(1, b"short")))
    yield "a frame without a key", new(put(1, "x") + put(12, b""), put(1, put(3, 1)))
    yield "a frame with a key of 31 bytes", new(put(1, "x") + put(12, b""), frame(F1[:31]))
    yield "a negative seq", new(put(1, "x") + put(12, b""), frame(F1, -1))
    yield "a seq of 2^31 is negative", new(put(1, "x") + put(12, b""), frame(F1, 2**31))
    yield "a seq is its low 32 bits", new(put(1, "x") + put(12, b""), frame(F1, 2**40 + 3))
    yield "a feed twice", new(put(1, "x") + put(12, b""), frame(F1, 5) + frame(F1, 2))
    yield "generation 2: a timeframe inside the envelope is skipped", item(put(2, frame()) + put(12, b""))
    yield "generation 2: but its frames are read as such", item(put(2, put(1, put(1, 5))) + put(12, b""))
    yield "a credential of generation 1 has no timeframe", put(1, put(1, b"c") + put(2, frame()))
    # The wire.
    yield "an unknown field is skipped", item(put(12, b"") + put(99, b"x") + put(98, 7))
    yield "an unknown field of 8 bytes, and one of 4", item(put(12, b"") + put_varint(99 << 3 | 1) + bytes(8) + put_varint(99 << 3 | 5) + bytes(4))
    yield "a known field of another wire type", item(put(12, 5))
    yield "item id as an integer", new(put(1, 5))
    yield "groups", item(put(12, b"") + put_varint(99 << 3 | 3) + put_varint(99 << 3 | 4))
    yield "wire type 6", item(put(12, b"") + put_varint(99 << 3 | 6))
    yield "field number 0", item(put(12, b"") + b"\x00\x00")
    yield "field number 0 in two bytes", item(put(12, b"") + b"\x80\x00\x00")
    yield "the highest field number", item(put(12, b"") + b"\xf8\xff\xff\xff\x0f\x00")
    yield "a field number beyond", item(put(12, b"") + b"\xf8\xff\xff\xff\x1f\x00")
    yield "a tag of six bytes", item(put(12, b"") + b"\xf8\xff\xff\xff\x8f\x00\x00")
    yield "a known tag in more bytes than it needs", new(put(1, "x") + b"\xe2\x80\x00\x01\x07")
    yield "a varint of ten bytes", item(put(11, b"\x10" + b"\x81" + b"\x80" * 8 + b"\x00"))
    yield "a varint of eleven bytes", item(put(11, b"\x10" + b"\x81" + b"\x80" * 9 + b"\x00"))
    yield "a length of five bytes", item(b"\x62\x81\x80\x80\x80\x00\x07")
    yield "a length of six bytes", item(b"\x62\x81\x80\x80\x80\x80\x00\x07")
    yield "a field longer than the block", item(b"\x62\x02\x07")
    yield "a block that ends in a tag", item(put(12, b"")) + b"\x80"
    yield "a block that is not protobuf", b"not a message"


def messages():
    for description, block in cases():
        out = {"description": description, "block": block.hex()}
        try:
            out["message"] = message.read(block)
            if out["message"]["kind"] == "item":
                out["record"] = message.changes(out["message"])
        except Refused as refused:
            out["refused"] = refused.code
        yield out


def stamps():
    a, b, c = (bytes([n] * 32).hex() for n in (0x0A, 0x0B, 0x0C))
    most = 2**31 - 1
    for description, seq, frames in [
        ("no frames: the message itself", 0, []),
        ("no frames, seq 5", 5, []),
        ("its own feed is merged in: 5 + 1", 5, [[a, 4]]),
        ("two other feeds: (5 + 1) + (0 + 1) + (9 + 1)", 5, [[a, 4], [b, 0], [c, 9]]),
        ("the higher seq of a feed that occurs twice: (5 + 1) + (9 + 1)", 5, [[b, 2], [b, 9], [b, 3]]),
        ("a frame of its own feed ahead of itself counts: 8 + 1", 5, [[a, 8]]),
        ("more frames than fit a comparison of each with each", 1, [[bytes([n % 9] * 32).hex(), n] for n in range(20)]),
        ("the highest seq that a frame can have", 0, [[b, most], [c, most]]),
    ]:
        yield {"description": description, "feed": a, "seq": seq, "frames": frames, "time": str(message.time_of(a, seq, frames))}


def order():
    """Sorted by what the numbers and bytes are, not by their texts."""
    stamps = [(time, bytes([feed] * 32), seq) for time in (9, 10, 2**63, 2**64 - 1) for feed in (9, 16, 255) for seq in (3, 20)]
    return [[str(time), feed.hex(), seq] for time, feed, seq in sorted(stamps)]
