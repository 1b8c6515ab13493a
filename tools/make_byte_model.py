#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts byte bigrams in ordinary files and writes signatures/compile/byte_model.inc.

The compiler picks each rule's prefilter literal by how rarely it would occur in ordinary traffic
(signatures/compile/literal.cc). Two tables: text as web servers send it (HTML, JavaScript, CSS, HTTP heads)
and binary (programs, images, archives).

usage: make_byte_model.py -o OUT.inc --text DIR... --binary DIR...
Deterministic for the same files: paths are sorted and each file gives at most --per-file bytes.
"""
import argparse
import math
import os
import sys

TEXT = (".html", ".htm", ".js", ".mjs", ".css", ".json", ".svg", ".xml")
BINARY = (".so", ".a", ".png", ".gz", ".jpg", ".woff", ".woff2", ".pdf", ".xz")
STEP = 0.25  # bits per level
# Printable characters that need no escape in a C++ string; '?' would form trigraphs.
ALPHABET = [chr(c) for c in range(35, 127) if chr(c) not in "\\?"]

HTTP_HEADS = b"""GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\nUser-Agent: Mozilla/5.0 \
(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\nAccept: \
text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: \
en-US,en;q=0.9\r\nReferer: http://www.example.com/\r\nCookie: session=0123456789abcdef\r\n\r\nHTTP/1.1 200 OK\r\nServer: \
nginx\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: 12345\r\n\
Connection: keep-alive\r\nCache-Control: max-age=3600\r\nETag: "0123456789abcdef"\r\nLast-Modified: Mon, 01 Jan 2024 \
00:00:00 GMT\r\nAccept-Ranges: bytes\r\nVary: Accept-Encoding\r\nSet-Cookie: id=1; path=/; expires=Mon, 01 Jan 2024 \
00:00:00 GMT\r\n\r\n<!DOCTYPE html>\r\n<html>\r\n<head>\r\n<script type="text/javascript" src="/js/main.js"></script>"""


def files(roots, suffixes):
    found = []
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith(suffixes) or (suffixes is BINARY and ".so." in name):
                    if not os.path.islink(path):
                        found.append(path)
    return sorted(found)


def count(paths, per_file, total, extra=b""):
    pairs = [[0] * 256 for _ in range(256)]
    singles = [0] * 256
    used = 0
    # Spread the budget over the whole sorted list, not over its first folder.
    step = max(1, len(paths) * per_file // max(1, total))
    pieces = [extra]
    for path in paths[::step]:
        try:
            with open(path, "rb") as f:
                pieces.append(f.read(per_file))
        except OSError:
            continue
        used += len(pieces[-1])
        if used >= total:
            break
    for piece in pieces:
        for b in piece:
            singles[b] += 1
        for a, b in zip(piece, piece[1:]):
            pairs[a][b] += 1
    return singles, pairs, used


def level(p):
    bits = -math.log2(p)
    return ALPHABET[min(len(ALPHABET) - 1, max(0, round(bits / STEP)))]


def table(singles, pairs):
    total = sum(singles) + 256 * 0.25
    first = [(n + 0.25) / total for n in singles]
    rows = ["".join(level(p) for p in first)]
    for a in range(256):
        n = sum(pairs[a])
        # Pairs never seen fall back to a little of the second byte's own frequency.
        rows.append("".join(level((pairs[a][b] + 4 * first[b]) / (n + 4)) for b in range(256)))
    return rows


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-o", required=True, help="output file")
    p.add_argument("--text", nargs="+", required=True, help="folders with HTML, JavaScript, CSS")
    p.add_argument("--binary", nargs="+", required=True, help="folders with programs, images, archives")
    p.add_argument("--per-file", type=int, default=30000, help="bytes used of each file (default 30000)")
    p.add_argument("--total", type=int, default=12_000_000, help="bytes used of each kind (default 12 MB)")
    a = p.parse_args()
    out = ["// SPDX-License-Identifier: Apache-2.0",
           "// Made by tools/make_byte_model.py: -log2 P(byte) in row 0, then -log2 P(byte | byte before) in row 1 + byte before,",
           f"// one character per value, in steps of {STEP} bit from '#' on without '?' and '\\\\'. Do not edit."]
    for name, roots, suffixes, extra in (("kTextModel", a.text, TEXT, HTTP_HEADS * 400),
                                         ("kBinaryModel", a.binary, BINARY, b"")):
        singles, pairs, used = count(files(roots, suffixes), a.per_file, a.total, extra)
        if used < a.total // 20:
            sys.exit(f"make_byte_model: only {used} bytes of sample files for {name}; name more folders")
        print(f"{name}: {used} bytes of sample files", file=sys.stderr)
        out.append(f"constexpr std::array<std::string_view, 257> {name} = {{")
        rows = table(singles, pairs)
        out += [f'    "{row}",' for row in rows]
        out.append("};")
    with open(a.o, "w", encoding="ascii") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
