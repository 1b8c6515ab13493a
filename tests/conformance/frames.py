# SPDX-License-Identifier: Apache-2.0
"""Conversations over Ethernet and IPv4 as pcap records, checksums right. Time goes by itself, a millisecond per packet."""
import socket
import struct


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    def __init__(self, path, mss=1400, start=1_700_000_000):
        self.mss = mss
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        self.millis = start * 1000
        self.frames = 0

    def close(self):
        self.file.close()

    def ip(self, src, dst, proto, body):
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), self.frames & 0xffff, 0x4000, 64, proto, 0, socket.inet_aton(src),
                           socket.inet_aton(dst))
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        frame = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + head + body
        self.millis += 1
        self.file.write(struct.pack("<IIII", self.millis // 1000, self.millis % 1000 * 1000, len(frame), len(frame)) + frame)
        self.frames += 1

    def udp(self, src, sport, dst, dport, data):
        head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
        pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, 17, len(head) + len(data))
        self.ip(src, dst, 17, head[:6] + struct.pack("!H", checksum(pseudo + head + data) or 0xffff) + data)

    def icmp(self, src, dst, kind, code, data):
        head = struct.pack("!BBHHH", kind, code, 0, 7, 1)
        self.ip(src, dst, 1, head[:2] + struct.pack("!H", checksum(head + data)) + head[4:] + data)


class Tcp:
    """One connection: send() by either side, acknowledged at once."""

    def __init__(self, capture, client, cport, server, sport):
        self.capture = capture
        self.ends = [(client, cport), (server, sport)]
        self.seq = [1000, 5000]
        self.segment(0, 0x02, b"", b"\x02\x04\x05\xb4")
        self.segment(1, 0x12, b"", b"\x02\x04\x05\xb4")
        self.segment(0, 0x10, b"")

    def segment(self, side, flags, data, options=b""):
        (src, sport), (dst, dport) = self.ends[side], self.ends[1 - side]
        ack = self.seq[1 - side] if flags & 0x10 else 0
        head = struct.pack("!HHIIBBHHH", sport, dport, self.seq[side], ack, (20 + len(options)) // 4 << 4, flags, 65535, 0, 0) + options
        pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, 6, len(head) + len(data))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
        self.capture.ip(src, dst, 6, head + data)
        self.seq[side] += len(data) + (1 if flags & 0x03 else 0)

    def send(self, side, data):
        mss = self.capture.mss
        for at in range(0, len(data), mss):
            self.segment(side, 0x18, data[at:at + mss])
            self.segment(1 - side, 0x10, b"")

    def close(self):
        self.segment(0, 0x11, b"")
        self.segment(1, 0x11, b"")
        self.segment(0, 0x10, b"")
