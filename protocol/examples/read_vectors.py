#!/usr/bin/env python3
"""Reads every message of the vectors, in another language than they were written in.

For whoever writes another implementation: the whole encoding of SPEC.md ("Encoding") in eighty lines, and the
messages of a release as they travel. It checks that each message is read and that writing it again gives the same
bytes, and shows those of one protocol:

    protocol/examples/read_vectors.py            # all are read
    protocol/examples/read_vectors.py release    # and these are shown
"""

import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "messages.json"
DEPTH = 128


class Malformed(Exception):
    """Bytes that are not the one form of a value."""


def read(data, at=0, depth=0):
    """One value of deterministic CBOR, and where it ends. Major types 0, 2 to 5, false, true, null."""
    if depth > DEPTH or at >= len(data):
        raise Malformed("too deep, or cut off")
    major, info = data[at] >> 5, data[at] & 0x1F
    if major == 7:
        simple = {20: False, 21: True, 22: None}
        if info not in simple:
            raise Malformed("a tag, a float or an unknown simple value")
        return simple[info], at + 1
    at += 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    if info > 23 and not size:
        raise Malformed("an indefinite length")
    number = int.from_bytes(data[at : at + size], "big") if size else info
    at += size
    if at > len(data) or (size and head(major, number) != data[at - size - 1 : at]):
        raise Malformed("cut off, or longer than it need be")
    if major == 0:
        return number, at
    if major in (2, 3):
        content = data[at : at + number]
        if len(content) != number:
            raise Malformed("cut off")
        return (content if major == 2 else content.decode()), at + number
    if major == 4:
        values = []
        for _ in range(number):
            value, at = read(data, at, depth + 1)
            values.append(value)
        return values, at
    if major == 5:
        fields, last = {}, -1
        for _ in range(number):
            key, at = read(data, at, depth + 1)
            if not isinstance(key, int) or key <= last:
                raise Malformed("keys are numbers and ascend")
            fields[key], at = read(data, at, depth + 1)
            last = key
        return fields, at
    raise Malformed("a negative number or a tag")


def head(major, number):
    """The first bytes of a value, as short as possible."""
    if number < 24:
        return bytes([major << 5 | number])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + number.to_bytes(size, "big")
    raise Malformed("a number of more than 64 bits")


def write(value):
    """The one form of a value."""
    if value is None or isinstance(value, bool):
        return bytes([{False: 0xF4, True: 0xF5, None: 0xF6}[value]])
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(write, value))
    return head(5, len(value)) + b"".join(write(key) + write(value[key]) for key in sorted(value))


def main():
    shown = sys.argv[1] if len(sys.argv) > 1 else None
    vectors = json.loads(VECTORS.read_text())["vectors"]
    for vector in vectors:
        data = bytes.fromhex(vector["bytes"])
        value, end = read(data)
        assert end == len(data), vector["name"]
        assert write(value) == data, vector["name"]
        for cut in range(len(data)):
            try:
                read(data[:cut])
            except (Malformed, UnicodeDecodeError):
                continue
            raise AssertionError(f"{vector['name']} is read although it is cut off at {cut}")
        if vector["protocol"] == shown:
            print(f"{vector['name']}\n    {value}")
    print(f"{len(vectors)} messages are read, and written again as they were")


if __name__ == "__main__":
    main()
