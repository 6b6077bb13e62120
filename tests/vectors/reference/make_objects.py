"""mutations.json, objects.json, paths.json and numbers.json."""

import random
import struct

import model
import text
from wire import Refused, put, put_varint

SET, DELETE, PUSH, ADD, REMOVE = 0, 1, 2, 4, 5


def op(code, key, value=None):
    return put(1, put(1, code) + put(2, key) + (b"" if value is None else put(3, value)))


def floating(value):
    return put_varint(4 << 3 | 5) + struct.pack("<f", value)


def float_bits(bits):
    return put_varint(4 << 3 | 5) + struct.pack("<I", bits)


def obj(*members):
    return put(20, b"".join(put(1, put(1, key) + (b"" if value is None else put(2, value))) for key, value in members))


def arr(*values):
    return put(21, b"".join(put(1, value) for value in values))


NULL, TRUE, FALSE, ONE = put(1, 1), put(2, 1), put(2, 0), put(3, 1)


def nested(levels, inner=ONE):
    for _ in range(levels):
        inner = obj(("a", inner))
    return inner


def both():
    """Cases for both models."""
    yield "no operations", b""
    yield "an operation without its number is a SET", put(1, put(2, "a") + put(3, ONE))
    yield "two operations of one key: the later one counts", op(SET, "a", ONE) + op(SET, "a", TRUE)
    yield "DELETE with a value", op(SET, "a", ONE) + op(DELETE, "a", TRUE)
    yield "SET without a value deletes", op(SET, "a", ONE) + op(SET, "a")
    for name, value in [
        ("null", NULL),
        ("null: false, which is no kind", put(1, 0)),
        ("no kind", b""),
        ("an unknown kind alone", put(30, "x")),
        ("true", TRUE),
        ("false", FALSE),
        ("an integer of 2^31", put(3, 2**31)),
        ("an integer of -1", put(3, -1)),
        ("an integer of 2^63 - 1", put(3, 2**63 - 1)),
        ("an integer of -2^63", put(3, -(2**63))),
        ("the float 4.5", floating(4.5)),
        ("the float nearest to 3.14", floating(3.14)),
        ("the float -0, shown as 0", floating(-0.0)),
        ("the float 2^60, an integer", floating(2.0**60)),
        ("the float -2^63, an integer", floating(-(2.0**63))),
        ("the float 2^63, beyond int64", floating(2.0**63)),
        ("the float 2^70", floating(2.0**70)),
        ("the float 1e30", floating(1e30)),
        ("the smallest float", float_bits(1)),
        ("the largest float", float_bits(0x7F7FFFFF)),
        ("NaN", float_bits(0x7FC00000)),
        ("another NaN", float_bits(0xFFC00001)),
        ("-Infinity", float_bits(0xFF800000)),
        ("a string", put(5, "x")),
        ("an empty string", put(5, "")),
        ("a string that JSON escapes", put(5, '\x01\b\f\n\r\t"\\/\x7f\u2028')),
        ("a string that is not UTF-8", put(5, b"\xff")),
        ("a string with U+0000", put(5, b"a\0")),
        ("a timestamp", put(10, "2026-11-22T13:36:03Z")),
        ("a datetime", put(11, "2026-11-22")),
        ("bytes", put(12, b"\x00\xff\x0c\x07")),
        ("no bytes", put(12, b"")),
        ("an empty object", obj()),
        ("an array as the original writes it", obj(("0", ONE), ("1", put(5, "a")))),
        ("the protocol's own array", arr(ONE, TRUE)),
        ("an empty array of the protocol's own", arr()),
        ("an array with a value without kind", arr(ONE, b"")),
        ("an object with a null", obj(("a", NULL), ("b", ONE))),
        ("an object with a property without a value", obj(("a", ONE), ("a", None), ("b", TRUE))),
        ("an object with a value of an unknown kind", obj(("a", put(30, 1)), ("b", ONE))),
        ("an object with keys that are paths", obj(("a.b", ONE), ("a.c[0]", TRUE))),
        ("an object with an empty key", obj(("", ONE))),
        ("an object with a property without a key", put(20, put(1, put(2, ONE)))),
        ("keys with $", obj(("$a", ONE), ("$$", TRUE))),
        ("two kinds: the last one on the wire", put(5, "x") + ONE),
        ("an object, then an integer", obj(("a", ONE)) + ONE),
        ("an integer, then an object", ONE + obj(("a", ONE))),
        ("an unknown field after the kind", ONE + put(30, "x")),
        ("object and array", obj() + arr()),
        ("object twice", obj(("a", ONE)) + obj(("b", ONE))),
        ("a kind of another wire type", put(5, 1)),
        ("a boolean of another wire type", put(2, b"")),
        ("a null of another wire type", put(1, b"\x01")),
        ("a boolean of more than 64 bits, which are dropped", b"\x10" + b"\x80" * 9 + b"\x02"),
    ]:
        yield "SET to: " + name, op(SET, "k", value)
    for key, name in [
        (b"", "an empty key"),
        (b"\xff", "a key that is not UTF-8"),
        (b"a\0", "a key with U+0000"),
        (b"k" * 4096, "a key of 4096 bytes"),
        (b"k" * 4097, "a key of 4097 bytes"),
        (b"$a", "a key with $"),
        (b"a.b[1].c", "a key that looks like a path"),
        (b"[]]", "a key that is a path without segments in the new model"),
        (b"a..b", "an empty segment"),
        ("\u20ac".encode(), "a key beyond ASCII"),
    ]:
        yield name, op(SET, key, ONE)
        if len(key) < 4096:
            yield name + ", deleted", op(DELETE, key)
    yield "an operation without a key", put(1, put(1, SET) + put(3, ONE))
    yield "one operation is refused: all are", op(SET, "a", ONE) + op(SET, "", ONE)
    yield "value twice", put(1, put(1, SET) + put(2, "a") + put(3, ONE) + put(3, TRUE))
    yield "key twice: the later one counts", put(1, put(2, "a") + put(2, "b") + put(3, ONE))
    for code in (PUSH, 3, ADD, REMOVE, 6, -1, 2**32):
        yield "operation %d" % code, op(code, "a", ONE)
    for code in (PUSH, ADD, REMOVE):
        yield "operation %d without a value" % code, op(code, "a")
    yield "unknown fields are skipped", put(1, put(2, "a") + put(3, ONE) + put(9, "x")) + put(7, 1)
    yield "field number 0", b"\x00\x00"
    yield "a tag beyond 32 bits", b"\xf8\xff\xff\xff\x1f\x00"
    yield "a group", put_varint(9 << 3 | 3) + put_varint(9 << 3 | 4)
    yield "an operation of another wire type", put(1, 5)
    yield "cut short", op(SET, "a", ONE)[:-1]
    # Depth: 64 keys lead to a value at most.
    yield "63 objects in a value", op(SET, "a", nested(63))
    yield "64 objects in a value", op(SET, "a", nested(64))
    yield "64 objects in the value of a DELETE", op(DELETE, "a", nested(64))
    for n in (64, 65):
        yield "a path of %d segments" % n, op(SET, ".".join(["a"] * n), ONE)
        yield "a path of %d segments, deleted" % n, op(DELETE, ".".join(["a"] * n))
    yield "32 segments and 32 objects", op(SET, ".".join(["a"] * 32), nested(32))
    yield "32 segments and 33 objects", op(SET, ".".join(["a"] * 32), nested(33))
    yield "a property's key counts all its segments: 64", op(SET, "a", obj((".".join(["b"] * 63), ONE)))
    yield "a property's key counts all its segments: 65", op(SET, "a", obj((".".join(["b"] * 64), ONE)))
    yield "a property that is removed: its key alone counts", op(SET, "a", obj((".".join(["b"] * 64), None)))
    yield "an element of a list counts one: 64", op(PUSH, "a", nested(62))
    yield "an element of a list counts one: 65", op(PUSH, "a", nested(63))
    yield "a path without segments leads nowhere, and its value is read", op(SET, "[]]", put(30, 1))
    # Lists.
    yield "ARRAY_PUSH makes an array", op(PUSH, "a", ONE) + op(PUSH, "a", TRUE)
    yield "ARRAY_PUSH on a scalar", op(SET, "a", ONE) + op(PUSH, "a", TRUE)
    yield "ARRAY_PUSH on an object with names", op(SET, "a.x", ONE) + op(PUSH, "a", TRUE)
    yield "ARRAY_PUSH on what the original wrote as an array", op(SET, "a", obj(("0", ONE))) + op(PUSH, "a", TRUE)
    yield "ARRAY_PUSH after the last index", op(SET, "a[4294967294]", ONE) + op(PUSH, "a", TRUE)
    yield "SET_ADD", op(ADD, "a", ONE) + op(ADD, "a", TRUE) + op(ADD, "a", floating(1))
    yield "SET_ADD keeps the first of equal ones", op(SET, "a", arr(ONE, TRUE, ONE)) + op(ADD, "a", put(5, "x"))
    yield "SET_ADD: NaN is equal to NaN", op(ADD, "a", float_bits(0x7FC00000)) + op(ADD, "a", float_bits(0x7FC00000))
    yield "SET_ADD: maps and bytes are equal to nothing", op(ADD, "a", obj()) + op(ADD, "a", obj()) + op(ADD, "a", put(12, b"")) * 2
    yield "SET_DELETE", op(SET, "a", arr(ONE, TRUE, put(5, "x"))) + op(REMOVE, "a", TRUE)
    yield "SET_DELETE where nothing is makes an array", op(REMOVE, "a.b", ONE)
    # Maps and flags.
    yield "a path makes maps; an index makes an array", op(SET, "a.b[0]", ONE)
    yield "an array with a hole is shown as an object", op(SET, "a[1]", ONE)
    yield "the hole is filled", op(SET, "a[1]", ONE) + op(SET, "a[0]", TRUE)
    yield "01 is a name", op(SET, "a[0]", ONE) + op(SET, "a[01]", TRUE) + op(DELETE, "a[01]")
    yield "a name clears the flag", op(SET, "a[0]", ONE) + op(SET, "a.x", TRUE) + op(DELETE, "a.x")
    yield "so does going through a name that exists", op(SET, "a[0]", ONE) + op(SET, "a.x", obj()) + op(PUSH, "a", ONE) + op(SET, "a.x.y", ONE) + op(DELETE, "a.x")
    yield "DELETE leaves the flag", op(SET, "a", arr(ONE, TRUE)) + op(DELETE, "a.x") + op(DELETE, "a[1]")
    yield "DELETE creates nothing", op(DELETE, "a.b.c")
    yield "a scalar on the way is replaced", op(SET, "a", ONE) + op(SET, "a.b", TRUE)
    yield "an emptied array is []", op(SET, "a[0]", ONE) + op(DELETE, "a[0]")
    yield "a written map whose flag would not show loses it", op(SET, "a", obj(("b[1]", ONE))) + op(SET, "a.b[0]", TRUE)
    yield "the properties of the item are never an array", op(SET, "0", ONE) + op(SET, "[1]", TRUE)
    yield "keys of the view are ordered by their bytes", b"".join(op(SET, "k." + k, ONE) for k in ("10", "9", "a", "B", "\u20ac", "[\"\U0001f30d\"]"))


def outcome(data, old):
    try:
        model.read(data, old)
    except Refused as refused:
        return {"refused": refused.code}
    return {"view": model.shown(model.operations([((1, A, 0), data)], old))}


def mutations():
    for description, data in both():
        yield {
            "description": description,
            "mutation": data.hex(),
            "new": outcome(data, False),
            "old": outcome(data, True),
        }


A, B = 0, 1  # feeds, by their place in FEEDS
FEEDS = ["0a" * 32, "0b" * 32]


def history(description, steps, name="new"):
    """steps: (time, feed, seq, bytes) in canonical order. A feed is its place in FEEDS, which are in ascending order."""
    ops = model.operations([((time, feed, seq), data) for time, feed, seq, data in steps], name == "old")
    return {
        "description": description,
        "model": name,
        "mutations": [[t, f, s, d.hex()] for t, f, s, d in steps],
        "view": model.shown(ops),
        "state": model.state(ops, FEEDS),
    }


def random_value(r, depth=0):
    pick = r.randrange(9 if depth < 2 else 6)
    if pick < 6:
        return r.choice([ONE, put(3, 2), TRUE, NULL, put(5, "s"), floating(0.5), put(12, b"b"), put(3, 1)])
    members = [(r.choice(["a", "b", "0", "1", "b.c", "[0]"]), random_value(r, depth + 1)) for _ in range(r.randrange(3))]
    return arr(*(value for _, value in members)) if pick == 8 else obj(*members)


def random_history(seed, name):
    r = random.Random(seed)
    segments = ["a", "b", "c", "0", "1", "2"]
    seqs, steps = {A: 0, B: 0}, []
    for _ in range(r.randrange(3, 14)):
        feed, data = r.choice([A, B]), b""
        for _ in range(r.randrange(1, 4)):
            key = ".".join(["k"] + [r.choice(segments) for _ in range(r.randrange(4))])
            code = r.choice([SET, SET, DELETE, DELETE, PUSH, ADD, REMOVE] if name == "new" else [SET, SET, DELETE])
            data += op(code, key, None if code == DELETE else random_value(r))
        steps.append((r.randrange(1, 8), feed, seqs[feed], data))
        seqs[feed] += 1
    steps.sort(key=lambda step: step[:3])
    return history("drawn at random, seed %d" % seed, steps, name)


def objects():
    yield history("the later stamp counts", [(1, A, 0, op(SET, "a", ONE)), (2, B, 0, op(SET, "a", TRUE))])
    yield history("at equal times, the higher feed key", [(1, A, 0, op(SET, "a", ONE)), (1, B, 0, op(SET, "a", TRUE))])
    yield history("a tombstone", [(1, A, 0, op(SET, "a", ONE)), (2, B, 0, op(DELETE, "a"))])
    yield history(
        "docs/FORMAT.md's example: ops and touch",
        [
            (1, A, 0, op(SET, "title", put(5, "Plan"))),
            (2, A, 1, op(SET, "body.draft.text", put(5, "x"))),
            (3, B, 0, op(PUSH, "body.tags", put(5, "red"))),
            (4, A, 2, op(DELETE, "body.draft")),
        ],
    )
    yield history("a TOUCH keeps the maps on the way", [(1, A, 0, op(SET, "a.b.c", ONE)), (2, B, 0, op(DELETE, "a.b"))])
    yield history(
        "a TOUCH of several: the latest stamp",
        [(1, A, 0, op(SET, "a.b.c", ONE)), (2, A, 1, op(SET, "a.b", TRUE)), (3, B, 0, op(DELETE, "a.b"))],
    )
    yield history(
        "a later operation at its path makes a TOUCH needless",
        [(1, A, 0, op(SET, "a.b", ONE)), (2, B, 0, op(DELETE, "a.b")), (3, A, 1, op(SET, "a.b.c", TRUE))],
    )
    yield history(
        "one beside it does not",
        [(1, A, 0, op(SET, "a.b", ONE)), (2, B, 0, op(DELETE, "a.b")), (3, A, 1, op(SET, "a.c", TRUE))],
    )
    yield history("a DELETE of the slot leaves no TOUCH", [(1, A, 0, op(SET, "a.b", ONE)), (2, B, 0, op(DELETE, "a"))])
    yield history(
        "paths with an index overtake nothing",
        [(1, A, 0, op(SET, "a[0]", ONE)), (2, A, 1, op(SET, "a[0]", TRUE)), (3, B, 0, op(DELETE, "a[0]"))],
    )
    yield history("a slot named like an index is a name", [(1, A, 0, op(SET, "0.b", ONE)), (2, B, 0, op(SET, "0.b", TRUE))])
    yield history(
        "a mutation that is refused counts for nothing",
        [(1, A, 0, op(SET, "a", ONE)), (2, A, 1, op(SET, "a", TRUE) + op(3, "b", ONE))],
    )
    yield history("old model: null deletes", [(1, A, 0, op(SET, "a.b", ONE)), (2, B, 0, op(SET, "a.b", NULL))], "old")
    for seed in range(48):
        yield random_history(seed, "new")
    for seed in range(48, 54):
        yield random_history(seed, "old")


def paths():
    keys = """a|a.b|a.b[1].c|a["x.y"]|a['x.y']|[0]|a[-1]|a[1.5]|a[01]|a[1.]|a[-]|a[b]|a[b.c]|.a|a.|a..b|.|..|[]|a[]|a[].b|a[][]
[[]]|a[[1]]|[]]|].|a[|]|a]b|[1|a[b|[a[|[a[]|a[b.|["a"]|[""]|['']|["a]|a["x|["a"b]|["a\\"b"]|["a\\\\b"]|["a\\b"]|["a[b"]|["a]b"]
["a'b"]|"a.b"|a b.c|\u00e9.\u20ac|constructor.__proto__|0|12|4294967295|a[0][1]["2"]|['a"b']|["a'].b|['a']["b"]|[a]b|a[]]b|x[1e3]""".replace(
        "\n", "|"
    ).split("|")
    keys += ['["a\\\n"]', '["a\\\u2028"]', '["a\n"]', '["a\\\r"].b', '["a\\\u2029"]', "a\n.b"]
    r = random.Random(1)
    for _ in range(150):
        keys.append("".join(r.choice("ab.[]'\"\\1-\n") for _ in range(r.randrange(2, 11))))
    keys += [".".join(["a"] * 64), ".".join(["a"] * 65), "[a]" * 64, "." * 63, "." * 64]
    for key in dict.fromkeys(keys):
        segments = model.path(key)
        yield {"key": key, "segments": segments} if len(segments) <= 64 else {"key": key, "refused": "LIMIT"}


def numbers():
    r = random.Random(2)
    special = [0.0, -0.0, 1.0, -1.0, 0.1, 1e-6, 1e-7, 1e20, 1e21, 1e22, 123456789012345680000.0, 2.0**53, 2.0**53 + 2, 2.0**63]
    special += [2.0**64, -(2.0**63), 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0, 4.35, 1 / 3]
    bits = [struct.unpack(">Q", struct.pack(">d", value))[0] for value in special]
    bits += [b for b in (r.getrandbits(64) for _ in range(60)) if b >> 52 & 0x7FF != 0x7FF]
    for b in bits:
        value = text.from_bits(b)
        yield {"double": "%016x" % b, "json": text.number(value), "value": text.canonical(model.view(model.as_number(value)))}
    for value in (0, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)):
        yield {"int": str(value), "value": str(value)}
    for read, out in [
        ("1e5", "100000"),
        ("1.0", "1"),
        ("-0", "-0"),
        ("-0.0", "-0"),
        ("0e9", "0"),
        ("9007199254740993", "9007199254740993"),
        ("9007199254740993.0", "9007199254740992"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709552000", "18446744073709552000"),
        ("100000000000000000000", "100000000000000000000"),
        ("1E400", None),
        ("18446744073709551616", None),
        ("-9223372036854775809", None),
        ("01", None),
        ("1.", None),
        (".5", None),
        ("+1", None),
        ("NaN", None),
        ("1e", None),
    ]:
        yield {"read": read} | ({"refused": True} if out is None else {"json": out})
