"""The object model: docs/FORMAT.md, "The object model". Mutations are folded one after the other; nothing is clever."""

import base64
import math
import re

from text import Text, canonical, from_bits, number
from wire import Refused, fields, signed

TABLES = {
    "Set": {1: ("mutations", "*Mutation")},
    "Mutation": {1: ("operation", "int64"), 2: ("key", "bytes"), 3: ("value", "Value")},
    "Object": {1: ("properties", "*KeyValue")},
    "KeyValue": {1: ("key", "bytes"), 2: ("value", "Value")},
    "Array": {1: ("values", "*Value")},
}
VALUE = {
    1: ("null", 0),
    2: ("bool", 0),
    3: ("int", 0),
    4: ("float", 5),
    5: ("string", 2),
    10: ("string", 2),
    11: ("string", 2),
    12: ("bytes", 2),
    20: ("object", 2),
    21: ("array", 2),
}
INNER = {
    ("Set", 1): "Mutation",
    ("Mutation", 3): "Value",
    ("Value", 20): "Object",
    ("Value", 21): "Array",
    ("Object", 1): "KeyValue",
    ("KeyValue", 2): "Value",
    ("Array", 1): "Value",
}
DEPTH = 64


class Map(dict):
    flag = False


class Blob(bytes):
    """Bytes; a string is a plain `bytes`."""


# Keys and paths: lodash's castPath.

DEEP = re.compile(r"""\.|\[(?:[^\[\]]*|(["'])(?:(?!\1)[^\\]|\\[^\n\r\u2028\u2029])*?\1)\]""")
SEGMENT = re.compile(
    r"""[^.\[\]]+|\[(?:(-?[0-9]+(?:\.[0-9]+)?)|(["'])((?:(?!\2)[^\\]|\\[^\n\r\u2028\u2029])*?)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|\Z))"""
)


def path(key):
    if not DEEP.search(key):
        return [key]
    out = [""] if key[0] == "." else []
    for match in SEGMENT.finditer(key):
        digits, quote, quoted = match.group(1, 2, 3)
        out.append(re.sub(r"\\(\\)?", r"\1", quoted) if quote else digits or match.group(0))
    return out


def is_index(segment):
    return re.fullmatch("0|[1-9][0-9]{0,9}", segment) is not None and int(segment) < 2**32 - 1


# Reading mutations.


def survey(data, shape, depth):
    """Well-formedness and nesting, before anything is read."""
    seen = False
    if shape == "Value":
        depth += 1
        if depth > DEPTH:
            raise Refused("LIMIT")
    for field, wire, value in fields(data):
        inner = INNER.get((shape, field)) if wire == 2 else None
        if inner is None:
            continue
        if seen and shape not in ("Set", "Object", "Array"):
            raise Refused()
        seen = True
        survey(value, inner, depth)


def check_wire(data, shape):
    for field, wire, value in fields(data):
        if shape == "Value":
            expected = VALUE[field][1] if field in VALUE else None
        else:
            kind = TABLES[shape].get(field, (None, None))[1]
            expected = None if kind is None else 0 if kind == "int64" else 2
        if expected is not None and wire != expected:
            raise Refused()
        if (shape, field) in INNER:
            check_wire(value, INNER[shape, field])


def message(data, shape):
    """{field number: values}, which is enough here: every embedded message was seen to come once."""
    out = {}
    for field, _, value in fields(data):
        out.setdefault(field, []).append(value)
    return out


class Reader:
    def __init__(self, old):
        self.old = old

    def key(self, values):
        data = values[-1] if values else b""
        if len(data) == 0:
            raise Refused()
        if len(data) > 4096:
            raise Refused("LIMIT")
        if b"\0" in data:
            raise Refused()
        try:
            key = data.decode()
        except UnicodeDecodeError:
            raise Refused() from None
        segments = [key] if self.old else path(key)
        if len(segments) > DEPTH:
            raise Refused("LIMIT")
        return segments

    def unknown(self):
        """A kind that does not exist: (value, whether it means a removal)."""
        if self.old:
            return None, True
        raise Refused("UNSUPPORTED")

    def value(self, data, depth):
        if depth > DEPTH:
            raise Refused("LIMIT")
        known = [(field, value) for field, _, value in fields(data) if field in VALUE]
        if not known:
            return self.unknown()
        field, value = known[-1]
        kind = VALUE[field][0]
        if kind == "null":
            return self.unknown() if value == 0 else (None, self.old)
        if kind == "bool":
            return value != 0, False
        if kind == "int":
            return signed(value, 32 if self.old else 64), False
        if kind == "float":
            return as_number(from_bits(int.from_bytes(value, "little"), 32)), False
        if kind == "string":
            return bytes(value), False
        if kind == "bytes":
            return Blob(value), False
        if kind == "array" and self.old:
            return self.unknown()
        return (self.object if kind == "object" else self.array)(value, depth), False

    def object(self, data, depth):
        root = [Map()]
        for _, _, property in ((f, w, v) for f, w, v in fields(data) if f == 1):
            parts = message(property, "KeyValue")
            segments = self.key(parts.get(1))
            value, removed = None, 2 not in parts
            if not removed:
                value, removed = self.value(parts[2][-1], depth + len(segments))
            if segments:
                fold(root, 0, "delete" if removed else "set", segments, value)
        return root[0]

    def array(self, data, depth):
        out = Map()
        out.flag = True
        for _, _, value in ((f, w, v) for f, w, v in fields(data) if f == 1):
            push(out, self.value(value, depth + 1)[0])
        return out

    def operation(self, data):
        parts = message(data, "Mutation")
        code = signed(parts.get(1, [0])[-1], 64)
        kind = {0: "set", 1: "delete", 2: "push", 4: "add", 5: "remove"}.get(code)
        is_list = kind in ("push", "add", "remove")
        if kind is None or (is_list and self.old):
            raise Refused("UNSUPPORTED")
        segments = self.key(parts.get(2))
        if is_list and 3 not in parts:
            raise Refused()
        if kind == "set" and 3 not in parts:
            kind = "delete"
        value = None
        if kind != "delete":
            value, removed = self.value(parts[3][-1], len(segments) + is_list)
            if removed:
                kind = "delete"
            settle(value)
        return kind, segments, value


def read(data, old):
    """The operations of a mutation, [kind, path, value] each."""
    survey(data, "Set", 0)
    check_wire(data, "Set")
    reader = Reader(old)
    operations = [reader.operation(value) for field, _, value in fields(data) if field == 1]
    return [operation for operation in operations if operation[1]]


# Values.


def as_number(value):
    """Floats that are integers within int64 are integers."""
    if math.isfinite(value) and value == math.trunc(value) and -(2**63) <= value < 2**63:
        return int(value)
    return value


def indices(map):
    return sorted(int(key) for key in map if is_index(key))


def is_array(map):
    return map.flag and indices(map) == list(range(len(map)))


def settle(value):
    if isinstance(value, Map):
        value.flag = is_array(value)
        for member in value.values():
            settle(member)


def copy(value):
    if not isinstance(value, Map):
        return value
    out = Map((key, copy(member)) for key, member in value.items())
    out.flag = value.flag
    return out


def same(a, b):
    """SameValueZero; maps and bytes are the same as nothing."""
    if any(isinstance(v, (Map, Blob)) for v in (a, b)):
        return False
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    kinds = [bool if isinstance(v, bool) else float if isinstance(v, (int, float)) else type(v) for v in (a, b)]
    return kinds[0] is kinds[1] and a == b


def push(map, value):
    at = indices(map)
    index = at[-1] + 1 if at else 0
    if index < 2**32 - 1:
        map[str(index)] = value


def as_set(map, kind, value):
    out = []
    for index in indices(map):
        member = map.pop(str(index))
        if not any(same(member, other) for other in out):
            out.append(member)
    has = any(same(member, value) for member in out)
    if kind == "add" and not has:
        out.append(value)
    if kind == "remove":
        out = [member for member in out if not same(member, value)]
    map.update((str(i), member) for i, member in enumerate(out))


def fold(holder, at, kind, segments, value):
    """Applies an operation to holder[at], which may be absent."""
    if kind == "delete":
        for segment in segments:
            if not isinstance(holder, (list, Map)) or not has(holder, at):
                return
            holder, at = holder[at], segment
        if isinstance(holder, (list, Map)) and has(holder, at):
            del holder[at]
        return
    for i, segment in enumerate(segments):
        if not has(holder, at) or not isinstance(holder[at], Map):
            map = Map()
            map.flag = is_index(segment)
            holder[at] = map
        elif not is_index(segment):
            holder[at].flag = False
        holder, at = holder[at], segment
    if kind == "touch":
        return
    if kind == "set":
        holder[at] = copy(value)
        return
    if not has(holder, at) or not isinstance(holder[at], Map):
        holder[at] = Map()
    holder[at].flag = True
    push(holder[at], copy(value)) if kind == "push" else as_set(holder[at], kind, copy(value))


def has(holder, at):
    return at < len(holder) if isinstance(holder, list) else at in holder


def view(value):
    """What is shown of a value, for canonical()."""
    if isinstance(value, Map):
        if is_array(value):
            return [view(value[str(i)]) for i in range(len(value))]
        return {("$" + key if key.startswith("$") else key): view(member) for key, member in value.items()}
    if isinstance(value, Blob):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, bytes):
        try:
            if b"\0" not in value:
                return value.decode()
        except UnicodeDecodeError:
            pass
        return {"$string": base64.b64encode(value).decode()}
    if isinstance(value, float):
        if math.isnan(value):
            return {"$float": "NaN"}
        if math.isinf(value):
            return {"$float": "Infinity" if value > 0 else "-Infinity"}
        return Text(number(value))
    return value


# An item: the mutations of all time, as (stamp, bytes).


def operations(mutations, old):
    """[position, kind, path, value] in canonical order; a mutation that is refused counts for nothing."""
    out = []
    for stamp, data in mutations:
        try:
            found = read(data, old)
        except Refused:
            continue
        out += [(tuple(stamp) + (i,), *operation) for i, operation in enumerate(found)]
    return sorted(out, key=lambda operation: operation[0])


def named(segments):
    return not any(is_index(segment) for segment in segments)


def kept_of_slot(ops):
    """Kept operations of one slot, paths from the slot on: by the rules as they are written, over all operations."""

    def resets(op, segments):
        n = len(op[2])
        return op[1] in ("set", "delete") and named(op[2]) and segments[:n] == op[2]

    def overtaken(op, above=0):
        return any(resets(r, op[2]) and r[0] > op[0] for r in ops)

    kept = [op for op in ops if not overtaken(op)]
    touches = []
    for gone in kept:
        n = len(gone[2])
        if gone[1] != "delete" or n == 0 or not named(gone[2]):
            continue
        makers = [
            op[0]
            for op in ops
            if op[1] != "delete"
            and op[2][:n] == gone[2]
            and op[0] < gone[0]
            and not any(resets(r, op[2]) and len(r[2]) < n and r[0] > op[0] for r in ops)
        ]
        if makers:
            touches.append((max(makers), "touch", gone[2], None))
    making = [op for op in kept + touches if op[1] != "delete"]
    touches = [t for t in touches if not any(m[0] > t[0] and m[2][: len(t[2])] == t[2] for m in making)]
    return sorted(kept + touches, key=lambda op: op[0])


def kept(ops):
    """({slot: position} of the simple slots, {slot: [operation, ...]} of the complex ones)"""
    simple, complex_ = {}, {}
    for slot in sorted({op[2][0] for op in ops}):
        left = kept_of_slot([(pos, kind, segments[1:], value) for pos, kind, segments, value in ops if segments[0] == slot])
        if len(left) == 1 and left[0][1] in ("set", "delete") and not left[0][2]:
            simple[slot] = left[0][0]
        else:
            complex_[slot] = left
    return simple, complex_


def properties(ops):
    root = Map()
    for _, kind, segments, value in ops:
        fold(root, segments[0], kind, segments[1:], value)
    return root


def shown(ops):
    return canonical(view(properties(ops)))


def short_stamp(position, feeds):
    """The short form of a stamp whose feed counts in a list."""
    time, feed, seq = position[:3]
    index = feeds.index(feed)
    if time != seq + 1:
        return [index, seq, time]
    return [index, seq] if index > 0 else seq


def state(ops, keys):
    """The stored state; the feeds of positions are indices into the list of keys, which ascends."""
    simple, complex_ = kept(ops)
    root = properties(ops)
    feeds = sorted({pos[1] for pos in simple.values()} | {op[0][1] for left in complex_.values() for op in left})
    out = {"values": view(root)}
    if feeds:
        out["feeds"] = [keys[feed] for feed in feeds]
    gone = {slot: short_stamp(pos, feeds) for slot, pos in simple.items() if slot not in root}
    if gone:
        out["gone"] = gone
    if complex_:
        out["ops"] = {
            slot: [
                [short_stamp(pos, feeds), kind, segments] + ([view(value)] if kind not in ("delete", "touch") else [])
                for pos, kind, segments, value in left
            ]
            for slot, left in complex_.items()
        }
    present = sorted((slot for slot in simple if slot in root), key=str.encode)
    out["when"] = [short_stamp(simple[slot], feeds) for slot in present]
    return canonical(out)
