# SPDX-License-Identifier: Apache-2.0
"""What follows where a connection announced another protocol: STARTTLS, AUTH TLS, upgrades of HTTP; and odd ClientHellos. name -> (port, [("q" or "r", bytes), ...])."""
import struct

from http_cases import client_hello
from http_cases import HOST, OK, get, response

GREETING = [("r", b"220 mail ESMTP\r\n"), ("q", b"EHLO a\r\n"), ("r", b"250-mail\r\n250 STARTTLS\r\n")]
STARTTLS = [*GREETING, ("q", b"STARTTLS\r\n"), ("r", b"220 go\r\n")]
AUTH = [("r", b"220 (vsFTPd 3.0.3)\r\n"), ("q", b"FEAT\r\n"), ("r", b"211 no\r\n"), ("q", b"AUTH TLS\r\n"), ("r", b"234 go\r\n")]
HELLO = client_hello(b"inside.example")
REQUEST = get(b"GET /inside HTTP/1.1")
SWITCH = b"HTTP/1.1 101 on\r\nUpgrade: h2c\r\n\r\n"
JUNK = b"\1\2\3\4" * 300
SSH = [("r", b"SSH-2.0-inside_9\r\n"), ("q", b"SSH-2.0-client_9\r\n")]
AGAIN = [("q", b"EHLO b\r\n"), ("r", b"250 ok\r\n"), ("q", b"QUIT\r\n"), ("r", b"221 bye\r\n")]


def behind():
    """What comes instead of TLS, or TLS."""
    yield "tls", [("q", HELLO)]
    yield "tls_cut", [("q", HELLO[:9]), ("q", HELLO[9:])]
    yield "http", [("q", REQUEST), ("r", OK)]
    yield "http_cut", [("q", REQUEST[:3]), ("q", REQUEST[3:30]), ("q", REQUEST[30:]), ("r", OK[:20]), ("r", OK[20:])]
    yield "http_answer", [("r", OK), ("q", REQUEST)]
    yield "http_switch", [("r", SWITCH), ("q", b"x")]
    yield "http_switch_cut", [("r", SWITCH[:9]), ("r", SWITCH[9:]), ("q", b"x")]
    yield "http_then_switch", [("r", OK), ("r", SWITCH), ("q", b"x")]
    yield "http_asked_switch", [("q", REQUEST), ("r", SWITCH), ("q", b"x")]
    yield "ssh", SSH
    yield "junk", [("q", JUNK), ("r", JUNK)]
    yield "junk_of_server", [("r", JUNK), ("q", JUNK)]
    yield "short_junk", [("q", b"abc"), ("r", b"def")]
    yield "again", AGAIN
    yield "nothing", []


def starttls():
    for what, items in behind():
        yield "smtp_" + what, (25, STARTTLS + items)
        yield "ftp_" + what, (21, AUTH + items)
    yield "smtp_refused", (25, [*GREETING, ("q", b"STARTTLS\r\n"), ("r", b"454 no\r\n"), *AGAIN])
    yield "ftp_refused", (21, [*AUTH[:-1], ("r", b"500 no\r\n"), ("q", b"USER a\r\n"), ("r", b"331 who\r\n")])
    yield "smtp_twice", (25, [*GREETING, ("q", b"STARTTLS\r\nSTARTTLS\r\n"), ("r", b"220 go\r\n220 go\r\n"), ("q", HELLO)])
    yield "smtp_hello_at_once", (25, [*GREETING, ("q", b"STARTTLS\r\n" + HELLO), ("r", b"220 go\r\n"), ("q", b"x")])
    yield "smtp_http_at_once", (25, [*GREETING, ("q", b"STARTTLS\r\n"), ("r", b"220 go\r\n" + OK), ("q", REQUEST)])
    connect = [("q", get(b"CONNECT a.com:443 HTTP/1.1")), ("r", b"HTTP/1.1 200 on\r\n\r\n")]
    yield "smtp_http_connect_tls", (25, STARTTLS + connect + [("q", HELLO)])
    yield "connect_smtp_starttls", (80, connect + STARTTLS + [("q", HELLO)])
    yield "connect_smtp_http", (80, connect + STARTTLS + [("q", REQUEST), ("r", OK)])
    yield "connect_switch", (80, connect + [("r", SWITCH), ("q", b"x")])


def upgrades():
    for kind in (b"h2c", b"H2C", b"websocket", b"x"):
        ask, grant = get(fields=HOST + b"Connection: upgrade\r\nUpgrade: %s\r\n" % kind), response(b"Upgrade: %s\r\n" % kind, b"", b"HTTP/1.1 101 on", False)
        name = "upgrade_" + kind.decode()
        yield name + "_http", (80, [("q", ask), ("r", grant), ("q", REQUEST), ("r", OK)])
        yield name + "_tls", (80, [("q", ask), ("r", grant), ("q", HELLO)])
        yield name + "_junk", (80, [("q", ask), ("r", grant), ("q", JUNK), ("r", JUNK)])


def hello(*extensions, tail=b"\0\x17\0\0"):
    """A ClientHello with these extensions, each a type and a body."""
    block = b"".join(struct.pack(">HH", kind, len(body)) + body for kind, body in extensions) + tail
    body = b"\3\3" + b"R" * 32 + b"\0\0\2\x13\1\1\0" + struct.pack(">H", len(block)) + block
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack(">H", len(message)) + message


def server_names():
    def entry(name, kind=0, size=None):
        size = len(name) if size is None else size
        return 0, struct.pack(">HBH", len(name) + 3, kind, size) + name

    good = entry(b"inside.example")
    yield "one", hello(good)
    yield "two", hello(good, good)
    yield "two_others", hello(good, (10, b"\0\2\0\x1d"), entry(b"b.example"))
    yield "other_type", hello(entry(b"inside.example", 1))
    yield "no_bytes", hello(entry(b""))
    yield "of_255", hello(entry(b"a" * 255))
    yield "of_256", hello(entry(b"a" * 256))
    yield "beyond", hello(entry(b"inside.example", size=15))
    yield "empty", hello((0, b""))
    yield "short", hello((0, b"\0\1\0"))
    yield "good_and_bad", hello(good, entry(b"x", 1))


def hellos():
    for what, first in server_names():
        refusal = ("r", b"\x15\3\3\0\2\2\x28")
        yield "sni_" + what, (443, [("q", first), refusal])
        yield "sni_" + what + "_cut", (443, [("q", first[:60]), ("q", first[60:]), refusal])


def cases():
    return dict((*starttls(), *upgrades(), *hellos()))
