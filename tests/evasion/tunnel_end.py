#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server's end of tunnels in tests/e2e/evasion.sh: reads frames from INTERFACE, takes off what is around the innermost IP
packet, and gives that to the kernel through a TUN device, whose stack then receives it. For the kinds of tunnel that the
kernel has no device for.

usage: tunnel_end.py INTERFACE TUN_DEVICE [KIND_TO_LEAVE_ALONE...]
"""
import fcntl
import os
import socket
import struct
import sys

interface, device, left = sys.argv[1], sys.argv[2], set(sys.argv[3:])
IFF_TUN, IFF_NO_PI, TUNSETIFF = 0x0001, 0x1000, 0x400454CA
UDP_KINDS = {4789: "vxlan", 6081: "geneve", 2152: "gtpu", 3544: "teredo"}


def behind_ethernet(frame: bytes) -> bytes:
    kind, at = struct.unpack_from("!H", frame, 12)[0], 14
    while kind == 0x8847:
        kind = 0x0800 if frame[at + 2] & 1 else kind  # bottom of the stack
        at += 4
    return frame[at:] if kind in (0x0800, 0x86DD) else b""


def behind_udp(data: bytes) -> tuple[str, bytes]:
    kind, body = UDP_KINDS.get(struct.unpack_from("!H", data, 2)[0], ""), data[8:]
    if kind in ("vxlan", "geneve"):
        return kind, behind_ethernet(body[8:])
    return kind, body[8:] if kind == "gtpu" else body if kind == "teredo" else b""


def behind_gre(data: bytes) -> bytes:
    return data[4 + sum(4 for bit in (0x80, 0x20, 0x10) if data[0] & bit) :]


def inside(packet: bytes) -> tuple[str, bytes]:
    """Kind of the tunnel and what it carries; empty: this is no tunnel."""
    if packet[0] >> 4 == 4:
        protocol, data = packet[9], packet[(packet[0] & 15) * 4 : struct.unpack_from("!H", packet, 2)[0]]
    else:
        protocol, data = packet[6], packet[40:]
    if protocol == 17:
        return behind_udp(data)
    return {4: ("ip", data), 41: ("ip", data), 47: ("gre", behind_gre(data)) if protocol == 47 else ("", b"")}.get(protocol, ("", b""))


def innermost(frame: bytes) -> bytes:
    packet = behind_ethernet(frame)
    found = struct.unpack_from("!H", frame, 12)[0] == 0x8847
    kind, carried = inside(packet) if packet else ("", b"")
    if kind in left:
        return b""
    while carried:
        found, packet = True, carried
        carried = inside(packet)[1]
    return packet if found else b""


tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
with open(f"/proc/sys/net/ipv6/conf/{device}/accept_dad", "w", encoding="ascii") as file:
    file.write("0")
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
wire.bind((interface, 0))
while True:
    frame, source = wire.recvfrom(65536)
    if source[2] == socket.PACKET_OUTGOING:
        continue
    try:
        packet = innermost(frame)
        if packet:
            os.write(tun, packet)
    except (IndexError, struct.error, OSError):  # not what the cases send
        pass
