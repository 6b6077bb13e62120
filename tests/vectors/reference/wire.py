"""Protobuf's wire format as docs/FORMAT.md, "Messages", says it, and messages by tables of their fields."""


class Refused(Exception):
    """Why something is refused: the name of the library's status without ECHO_ERR_."""

    def __init__(self, code="CORRUPT"):
        super().__init__(code)
        self.code = code


def varint(data, at, most=10):
    """The value (its low 64 bits) and the place after it."""
    value = 0
    for i in range(most):
        if at + i >= len(data):
            raise Refused()
        byte = data[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & (2**64 - 1), at + i + 1
    raise Refused()


def fields(data):
    """(number, wire type, value) of each field; the value is an integer, or bytes for types 1, 2 and 5."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at, 5)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise Refused()
        if kind == 0:
            value, at = varint(data, at)
        elif kind in (1, 2, 5):
            size = 8 if kind == 1 else 4
            if kind == 2:
                size, at = varint(data, at, 5)
            if size > len(data) - at:
                raise Refused()
            value = data[at : at + size]
            at += size
        else:
            raise Refused()
        yield number, kind, value


WIRE = {"int32": 0, "int64": 0, "bool": 0, "float": 5, "bytes": 2}


def signed(value, bits):
    value &= 2**bits - 1
    return value - 2**bits if value >> (bits - 1) else value


def scalar(kind, value):
    if kind == "int32":
        return signed(value, 32)
    if kind == "int64":
        return signed(value, 64)
    if kind == "bool":
        return value != 0
    return value


def decode(tables, name, data):
    """A dictionary of the fields that are present. Scalars: the last one counts. Embedded messages come once."""
    out = {}
    for number, wire, value in fields(data):
        if number not in tables[name]:
            continue
        field, kind = tables[name][number]
        repeated = kind.startswith("*")
        kind = kind.lstrip("*")
        if wire != WIRE.get(kind, 2):
            raise Refused()
        if kind not in WIRE and not repeated and field in out:
            raise Refused()
        value = scalar(kind, value) if kind in WIRE else decode(tables, kind, value)
        if repeated:
            out.setdefault(field, []).append(value)
        else:
            out[field] = value
    return out


# Writing.


def put_varint(value):
    value &= 2**64 - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def put(number, value):
    """An integer field, or a field of bytes, or of text."""
    if isinstance(value, int):
        return put_varint(number << 3) + put_varint(value)
    if isinstance(value, str):
        value = value.encode()
    return put_varint(number << 3 | 2) + put_varint(len(value)) + value
