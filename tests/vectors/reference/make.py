"""
Writes the test vectors, or compares those that exist with what would be written:

    python3 tests/vectors/reference/make.py
    python3 tests/vectors/reference/make.py --check

Everything is derived by the modules in this folder, which implement docs/FORMAT.md and share no code with the
library. They need nothing but Python 3.9.
"""

import json
import pathlib
import sys

import make_credentials
import make_deltas
import make_items
import make_messages
import make_objects
import make_trees

FOLDER = pathlib.Path(__file__).resolve().parent.parent


def listed(description, cases, **more):
    return {"description": description, **more, "cases": list(cases)}


def documents():
    yield "messages", listed(
        "Blocks of feeds (section 3). 'message': what is read; 'refused': why not; 'record': whether an item that nothing "
        "else is known of has a record afterwards.",
        make_messages.messages(),
    )
    yield "stamps", listed(
        "The time of a message's stamp (section 4). 'order': stamps, (time, feed, seq), from the lowest to the highest.",
        make_messages.stamps(),
        order=make_messages.order(),
    )
    yield "items", listed(
        "Feeds that a party admits, each a list of blocks (sections 3, 4 and 11). 'clock': what is covered when all that "
        "can be applied is; 'items': what the party has then, whatever the order in which the blocks arrived; 'records' and "
        "'digest': of a party whose key is 01 and zeros, with the object model and without credentials (sections 7 and 9).",
        make_items.items(),
    )
    yield "mutations", listed(
        "Mutations of the object model (section 11), each alone on a new item, for the new model and for the old. "
        "'refused': why; 'view': canonical JSON of the properties.",
        make_objects.mutations(),
    )
    yield "objects", listed(
        "Items of the object model (section 11). 'mutations': [time, feed, seq, bytes], where feed is an index into "
        "'feeds'; 'view': canonical JSON of the properties; 'state': the stored state.",
        make_objects.objects(),
        feeds=make_objects.FEEDS,
    )
    yield "paths", listed("Keys of the new object model read as paths (section 11).", make_objects.paths())
    yield "numbers", listed(
        "Numbers: 'double' (its bits) or 'int' as canonical JSON ('json', section 6), and as a value of the object model "
        "('value', section 11); 'read': a JSON text and the canonical text of what it is read as.",
        make_objects.numbers(),
    )
    yield "credentials", make_credentials.document()
    yield "trees", listed(
        "Records alone (section 7), in ascending order of id or not, and the root of their tree (section 8); 'chunks': all "
        "its chunks by their names.",
        make_trees.trees(),
    )
    yield "deltas", listed(
        "Deltas (EXCHANGE, section 3), between leaves or between other chunks. 'prints': of 'base', as in a WANT; 'delta': "
        "one that gives 'chunk'. A leaf is packed from the records that the delta gives.",
        make_deltas.deltas(),
    )


def line(value):
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def block(value):
    if isinstance(value, list):
        return "[\n" + ",\n".join(line(member) for member in value) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(line(k) + ":" + line(v) for k, v in value.items()) + "\n}"
    return line(value)


def main():
    differ = 0
    for name, document in documents():
        text = "{\n" + ",\n".join(line(k) + ": " + block(v) for k, v in document.items()) + "\n}\n"
        path = FOLDER / (name + ".json")
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif path.read_text() != text:
            print(path, "differs")
            differ = 1
    return differ


if __name__ == "__main__":
    sys.exit(main())
