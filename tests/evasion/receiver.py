#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server of tests/e2e/evasion.sh: writes what each client port sent to FOLDER/tcp-PORT or FOLDER/udp-PORT."""
import resource
import selectors
import socket
import sys

folder, port = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))  # cases open hundreds of connections


def keep(kind: str, client: int, data: bytes) -> None:
    with open(f"{folder}/{kind}-{client}", "ab") as file:
        file.write(data)


def bound(kind: int) -> socket.socket:
    s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", port))
    s.setblocking(False)
    return s


listener, datagrams = bound(socket.SOCK_STREAM), bound(socket.SOCK_DGRAM)
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 64)
listener.listen(1024)
loop = selectors.DefaultSelector()
loop.register(listener, selectors.EVENT_READ)
loop.register(datagrams, selectors.EVENT_READ)
open(f"{folder}/ready", "w").close()
while True:
    for key, _ in loop.select():
        s = key.fileobj
        try:
            if s is listener:
                connection, peer = listener.accept()
                connection.setblocking(False)
                loop.register(connection, selectors.EVENT_READ, peer[1])
            elif s is datagrams:
                data, peer = datagrams.recvfrom(65536)
                keep("udp", peer[1], data)
            else:
                data = s.recv(65536)
                keep("tcp", key.data, data)
                if not data:
                    loop.unregister(s)
                    s.close()
        except BlockingIOError:
            pass
        except OSError:  # reset
            if s not in (listener, datagrams):
                loop.unregister(s)
                s.close()
