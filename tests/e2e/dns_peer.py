#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A name server that answers every question with 192.0.2.1, and a client that asks one.

usage: dns_peer.py serve ADDRESS | ask ADDRESS udp|tcp NAME      ask: exit 0 when the answer came
"""
import socket
import socketserver
import struct
import sys
import threading


def reply(query):
    end = query.index(b"\0", 12) + 5
    return query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(reply(data), self.client_address)


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while length := self.rfile.read(2):
                answer = reply(self.rfile.read(struct.unpack(">H", length)[0]))
                self.wfile.write(struct.pack(">H", len(answer)) + answer)
        except (OSError, ValueError, struct.error):
            pass  # the connection was blocked in the middle of a message


def serve(address):
    socketserver.TCPServer.allow_reuse_address = True
    threading.Thread(target=socketserver.UDPServer((address, 53), Datagram).serve_forever, daemon=True).start()
    socketserver.ThreadingTCPServer((address, 53), Stream).serve_forever()


def ask(address, transport, name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"
    try:
        if transport == "udp":
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(3)
            s.sendto(query, (address, 53))
            answer = s.recv(512)
        else:
            s = socket.create_connection((address, 53), timeout=3)
            # The length first: the message must be recognised in pieces.
            s.send(struct.pack(">H", len(query)))
            s.send(query[:9])
            s.send(query[9:])
            answer = s.recv(514)[2:]
    except OSError:
        return 1
    return 0 if answer[:2] == query[:2] and answer.endswith(b"\xc0\0\2\1") else 1


if sys.argv[1] == "serve":
    serve(sys.argv[2])
sys.exit(ask(*sys.argv[2:]))
