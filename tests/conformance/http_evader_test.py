#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What http-evader's servers send must not get through: every http-evader case of suricata-verify, its rules turned to drop, through
sluice replay inline. What --pcap-out lets pass to the client is put together here and read as the most lenient client might (any line
end, chunked or not, decompressed whatever the header says, partly if need be): the file must not be in it. Of the capture itself the
same reader finds the file, or else what passes must at least be less than all.

usage: http_evader_test.py SLUICE        needs $SLUICE_SHARED/data/suricata-verify; exit 77 (skipped) without it
"""
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

FILE = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
TREE = os.path.join(os.environ.get("SLUICE_SHARED", ""), "data", "suricata-verify", "http-evader")


def packets(path):
    data = open(path, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def from_server(path):
    """flow -> bytes that the server's side of it delivers in order, from its SYN on; the first copy of a byte counts."""
    start, parts = {}, {}
    for frame in packets(path):
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        ip = frame[14:14 + struct.unpack(">H", frame[16:18])[0]]
        tcp = ip[(ip[0] & 15) * 4:]
        sport, dport, seq = struct.unpack(">HHI", tcp[:8])
        flow, flags = (ip[12:16], sport, ip[16:20], dport), tcp[13]
        if flags & 0x12 == 0x12:
            start[flow] = (seq + 1) & 0xFFFFFFFF
        if flow in start:
            for i, byte in enumerate(tcp[(tcp[12] >> 4) * 4:]):
                parts.setdefault(flow, {}).setdefault((seq + i - start[flow]) & 0xFFFFFFFF, byte)
    out = {}
    for flow, have in parts.items():
        n = 0
        while n in have:
            n += 1
        out[flow] = bytes(have[i] for i in range(n))
    return out


def inflated(data):
    """What any kind of decompression makes of it, as far as it goes."""
    for bits in (47, -15):
        for skip in (0, 10):
            out, d = b"", zlib.decompressobj(bits)
            try:
                for byte in data[skip:]:
                    out += d.decompress(bytes([byte]))
            except zlib.error:
                pass
            if out:
                yield out


def dechunked(data):
    out, at = b"", 0
    while True:
        m = re.compile(rb"\s*([0-9a-fA-F]+)[^\n]*\n").match(data, at)
        if m is None or int(m.group(1), 16) == 0:
            return out
        out += data[m.end():m.end() + int(m.group(1), 16)]
        at = m.end() + int(m.group(1), 16)


def is_in(stream):
    bodies = {stream}
    for m in re.finditer(rb"\n[\r \t]*\r*\n|\r\r", stream):
        bodies |= {stream[m.end():], dechunked(stream[m.end():])}
    for _ in range(3):
        if any(FILE in b for b in bodies):
            return True
        bodies = {made for b in bodies for made in inflated(b)}
    return any(FILE in b for b in bodies)


def judge(sluice, case, scratch):
    rules, passed = os.path.join(scratch, "drop.rules"), os.path.join(scratch, "passed.pcap")
    text = open(os.path.join(case, "test.rules")).read()
    with open(rules, "w") as f:
        f.write(re.sub(r"^alert ", "drop ", text, flags=re.M))
    capture = os.path.join(case, "input.pcap")
    subprocess.run([sluice, "replay", "--pcap", capture, "--rules", rules, "--mode", "inline", "--pcap-out", passed],
                   check=True, capture_output=True, timeout=60)
    sent, got = from_server(capture), from_server(passed)
    readable = any(is_in(s) for s in sent.values())
    if any(is_in(s) for s in got.values()):
        return readable, "the file passes"
    if not readable and sum(map(len, got.values())) >= sum(map(len, sent.values())):
        return readable, "all that the server sent passes"
    return readable, ""


def main():
    cases = sorted(glob.glob(os.path.join(TREE, "http-evader-*")))
    if not cases:
        print("SKIP http_evader: SLUICE_SHARED does not name a folder with data/suricata-verify")
        return 77
    bad, readable = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for case in cases:
            found, fault = judge(os.path.abspath(sys.argv[1]), case, scratch)
            readable += found
            bad += [f"{os.path.basename(case)}: {fault}"] if fault else []
    print(f"{len(cases)} servers, the file is readable in what {readable} of them send; {len(bad)} get it through")
    print("\n".join(bad))
    return 1 if bad or not readable else 0


sys.exit(main())
