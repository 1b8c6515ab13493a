#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mail server that keeps the attachments it gets, and a client (smtplib) that sends one.

usage: mail_peer.py serve ADDRESS FOLDER [CERTIFICATE KEY]
       mail_peer.py send ADDRESS TEXT FILE NAME [TLS-NAME]      exit 0 when the server took the mail; TLS-NAME: after STARTTLS, by this name
"""
import email
import email.message
import email.policy
import os
import smtplib
import socket
import socketserver
import ssl
import sys


class Mail(socketserver.StreamRequestHandler):
    timeout = 10

    def say(self, *lines, code=250):
        for line in lines[:-1]:
            self.wfile.write(b"%d-%s\r\n" % (code, line))
        self.wfile.write(b"%d %s\r\n" % (code, lines[-1]))

    def handle(self):
        try:
            self.say(b"mail.example ESMTP", code=220)
            while line := self.rfile.readline():
                self.command(line.strip().upper())
        except OSError:
            pass  # the connection was blocked

    def command(self, line):
        if line.startswith(b"EHLO"):
            self.say(b"mail.example", b"PIPELINING", b"8BITMIME", *([b"STARTTLS"] if self.server.tls else []))
        elif line == b"STARTTLS" and self.server.tls:
            self.say(b"go on", code=220)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        elif line == b"DATA":
            self.say(b"go on", code=354)
            if self.keep(self.mail()):
                self.say(b"kept")
        elif line == b"QUIT":
            self.say(b"bye", code=221)
        else:
            self.say(b"ok")

    def mail(self):
        """The mail's bytes; None: it broke off."""
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def keep(self, mail):
        if mail is None:
            return False
        for part in email.message_from_bytes(mail, policy=email.policy.SMTP).iter_attachments():
            with open(os.path.join(self.server.folder, os.path.basename(part.get_filename())), "wb") as f:
                f.write(part.get_content())
        return True


def serve(address, folder, *certificate):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer((address, 25), Mail)
    server.folder, server.tls = folder, None
    if certificate:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(*certificate)
    server.serve_forever()


class Client(smtplib.SMTP):
    """Connects to an address, whatever the server's name."""

    def __init__(self, address, name):
        self.address = address
        super().__init__(name, 25, local_hostname="client.example", timeout=3)

    def _get_socket(self, host, port, timeout):
        return socket.create_connection((self.address, port), timeout)


def send(address, text, path, name, tls_name=None):
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@client.example", "b@mail.example", "a mail"
    mail.set_content(text + "\n.dots\n..\n")
    with open(path, "rb") as f:
        mail.add_attachment(f.read(), maintype="application", subtype="octet-stream", filename=name)
    try:
        client = Client(address, tls_name or "mail.example")
        if tls_name:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.starttls(context=context)
        client.send_message(mail)
        client.quit()
    except (OSError, smtplib.SMTPException) as e:
        print(f"no mail: {e!r}", file=sys.stderr)
        return 1
    return 0


if sys.argv[1] == "serve":
    serve(*sys.argv[2:])
sys.exit(send(*sys.argv[2:]))
