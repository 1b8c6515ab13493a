#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small FTP server over a folder (RFC 959, passive and active), and a client (ftplib).

usage: ftp_peer.py serve ADDRESS FOLDER
       ftp_peer.py get|put ADDRESS NAME FILE [active]       exit 0 when the server said that the transfer is complete
       ftp_peer.py say ADDRESS COMMAND                      exit 0 when it was answered
"""
import ftplib
import os
import socket
import socketserver
import sys


class Ftp(socketserver.StreamRequestHandler):
    timeout = 10

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.listener, self.peer = None, None
        try:
            self.say("220 ftp.example FTP server")
            while line := self.rfile.readline():
                self.command(*line.decode().strip().split(" ", 1))
        except OSError:
            pass  # the connection was blocked
        finally:
            if self.listener:
                self.listener.close()

    def command(self, word, rest=""):
        word = word.upper()
        if word == "PASV":
            self.listener = socket.create_server((self.server.server_address[0], 0))
            self.listener.settimeout(5)
            port = self.listener.getsockname()[1]
            self.say("227 Entering Passive Mode (%s,%d,%d)" % (self.server.server_address[0].replace(".", ","), port // 256, port % 256))
        elif word == "PORT":
            *_, high, low = rest.split(",")
            self.peer = (self.client_address[0], int(high) * 256 + int(low))
            self.say("200 ok")
        elif word in ("RETR", "STOR"):
            self.transfer(word, os.path.join(self.server.folder, os.path.basename(rest)))
        else:
            self.say({"USER": "331 who", "PASS": "230 in", "QUIT": "221 bye"}.get(word, "200 ok"))

    def transfer(self, word, path):
        self.say("150 go")
        data = self.listener.accept()[0] if self.listener else socket.create_connection(self.peer, 5)
        if self.listener:
            self.listener.close()
            self.listener = None
        data.settimeout(5)
        try:
            with data, open(path if word == "RETR" else path + ".part", "rb" if word == "RETR" else "wb") as f:
                if word == "RETR":
                    data.sendfile(f)
                else:
                    while piece := data.recv(65536):
                        f.write(piece)
            if word == "STOR":
                os.rename(path + ".part", path)
            self.say("226 done")
        except OSError:
            self.say("426 broke off")


def serve(address, folder):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer((address, 21), Ftp)
    server.folder = folder
    server.serve_forever()


def talk(what, address, name, path=None, mode="passive"):
    try:
        client = ftplib.FTP(address, "user", "password", timeout=3)
        client.set_pasv(mode == "passive")
        if what == "get":
            with open(path, "wb") as f:
                client.retrbinary("RETR " + name, f.write)
        elif what == "put":
            with open(path, "rb") as f:
                client.storbinary("STOR " + name, f)
        else:
            client.sendcmd(name)
        client.quit()
    except (OSError, EOFError, ftplib.Error) as e:
        print(f"no transfer: {e!r}", file=sys.stderr)
        return 1
    return 0


if sys.argv[1] == "serve":
    serve(*sys.argv[2:])
sys.exit(talk(*sys.argv[1:]))
