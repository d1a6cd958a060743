#!/usr/bin/env python3
"""Seals, chains and Merkle trees written again from the text of docs/seal.md and RFC 9162.

Prints SQL that compares risk_screen's answers with those computed here.
"""
import hashlib, struct


def h(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def encode(value, kind):
    if value is None:
        return b"N"
    if kind == "int":
        return b"I" + struct.pack(">q", value)
    if kind == "numeric":
        s = value.rstrip("0").rstrip(".") if "." in value else value
        return b"D" + struct.pack(">Q", len(s)) + s.encode()
    if kind == "text":
        b = value.encode("utf-8")
        return b"T" + struct.pack(">Q", len(b)) + b
    if kind == "bool":
        return b"B" + bytes([value])
    if kind == "float":
        return b"F" + struct.pack(">d", value)
    if kind == "date":
        return b"d" + struct.pack(">i", value)
    if kind == "timestamptz":
        return b"z" + struct.pack(">q", value)
    if kind == "bytea":
        return b"Y" + struct.pack(">Q", len(value)) + value
    raise ValueError(kind)


def seal(*values):
    return h(struct.pack(">I", len(values)), *(encode(v, k) for v, k in values))


def tree(leaves):
    """RFC 9162, 2.1.1, by its recursive definition."""
    n = len(leaves)
    if n == 0:
        return h()
    if n == 1:
        return h(b"\0", leaves[0])
    k = 1
    while k * 2 < n:
        k *= 2
    return h(b"\1", tree(leaves[:k]), tree(leaves[k:]))


def path(m, leaves):
    """RFC 9162, 2.1.3.1."""
    n = len(leaves)
    if n <= 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return path(m, leaves[:k]) + [tree(leaves[k:])]
    return path(m - k, leaves[k:]) + [tree(leaves[:k])]


def chain(leaves):
    head = bytes(32)
    for leaf in leaves:
        head = h(b"\2", head, leaf)
    return head


if __name__ == "__main__":
    cases = [
        ("1, NULL, 'a'", seal((1, "int"), (None, ""), ("a", "text"))),
        ("1::int2, 1::int8", seal((1, "int"), (1, "int"))),
        ("-5, 1.50, 0.00, 100.0", seal((-5, "int"), ("1.50", "numeric"), ("0.00", "numeric"), ("100.0", "numeric"))),
        ("'出借人'::text, 'x'::varchar(9), 'y  '::char(5), 'n'::name", seal(("出借人", "text"), ("x", "text"), ("y", "text"), ("n", "text"))),
        ("true, false", seal((True, "bool"), (False, "bool"))),
        ("1.5::float8, 0.5::float4, '-0'::float8", seal((1.5, "float"), (0.5, "float"), (0.0, "float"))),
        ("date '2000-01-11', date '1999-12-31'", seal((10, "date"), (-1, "date"))),
        ("timestamptz '2000-01-01 08:00:01+08'", seal((1000000, "timestamptz"))),
        ("'\\x00ff'::bytea, ''::bytea, ''::text", seal((b"\0\xff", "bytea"), (b"", "bytea"), ("", "text"))),
    ]
    print("BEGIN; SELECT no_plan(); SET LOCAL standard_conforming_strings = on;")
    for sql, want in cases:
        print("SELECT is(risk_screen.seal(%s), '\\x%s'::bytea, %s);" % (sql, want.hex(), "$d$seal(%s)$d$" % sql))
    leaves = [seal((i, "int")) for i in range(1, 131)]
    for n in list(range(0, 34)) + [63, 64, 65, 100, 127, 128, 129, 130]:
        print("SELECT is((SELECT risk_screen.merkle_root(risk_screen.seal(i) ORDER BY i) FROM generate_series(1, %d) i), '\\x%s'::bytea, 'root of %d');" % (n, tree(leaves[:n]).hex(), n))
    for n in (1, 2, 3, 7, 8, 13, 100):
        for m in sorted({0, 1, n // 2, n - 2, n - 1}):
            if 0 <= m < n:
                proof = "ARRAY[%s]::bytea[]" % ", ".join("'\\x%s'::bytea" % p.hex() for p in path(m, leaves[:n]))
                print("SELECT is((SELECT risk_screen.merkle_proof(risk_screen.seal(i), %d ORDER BY i) FROM generate_series(1, %d) i), %s, 'proof of %d in %d');" % (m + 1, n, proof, m + 1, n))
    print("SELECT is((SELECT risk_screen.seal_chain(risk_screen.seal(i) ORDER BY i) FROM generate_series(1, 130) i), '\\x%s'::bytea, 'chain');" % chain(leaves).hex())
    print("SELECT * FROM finish(); ROLLBACK;")
