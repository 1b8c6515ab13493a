# SPDX-License-Identifier: Apache-2.0
"""DNS conversations in many shapes, honest and not, and a writer of captures that hold them."""
import struct


def u16(v):
    return struct.pack(">H", v)


def name(text):
    return b"".join(bytes([len(part)]) + part for part in (text.split(b".") if text else [])) + b"\0"


def pointer(to):
    return u16(0xC000 | to)


def question(wire_name, rrtype=1, rrclass=1):
    return wire_name + u16(rrtype) + u16(rrclass)


def record(wire_name, rrtype, data, ttl=60, rrclass=1):
    return wire_name + struct.pack(">HHIH", rrtype, rrclass, ttl, len(data)) + data


def message(questions=(), answers=(), authorities=(), additionals=(), flags=0x0100, ident=0x1234, counts=None, tail=b""):
    counts = counts or (len(questions), len(answers), len(authorities), len(additionals))
    parts = [struct.pack(">HHHHHH", ident, flags, *counts), *questions, *answers, *authorities, *additionals, tail]
    return b"".join(parts)


def framed(m):
    return u16(len(m)) + m


EVIL = b"evil.example.com"
RESPONSE = 0x8180
OPT = record(b"\0", 41, b"", 0, 4096)
QUERY = message([question(name(EVIL))])
ANSWER = message([question(name(EVIL))], [record(pointer(12), 1, b"\1\2\3\4")], flags=RESPONSE)
GOOD = message([question(name(b"good.com"))])
JUNK = b"\x01hello this is junk data that is not dns at all"
UPPER = message([question(name(b"EVIL.Example.COM"))])
BAD_HEADER = message([question(name(EVIL))], counts=(1, 0, 0, 60000))
ODD_LABEL = b"\x04\xff\x01\x80\"\x07example\x03com\0"


def asks(wire_name, **more):
    return message([question(wire_name)], **more)


def answers(*records, **more):
    return message([question(name(EVIL))], records, flags=RESPONSE, **more)


def all_types():
    fixed = [(1, b"\1\2\3\4"), (28, b"\x20\1" + b"\0" * 14), (5, name(b"c.com")), (15, b"\0\x0a" + name(b"mx.com")),
             (2, name(b"ns.com")), (6, name(b"m.com") + name(b"r.com") + struct.pack(">IIIII", 1, 2, 3, 4, 5)),
             (33, struct.pack(">HHH", 1, 2, 3) + name(b"srv.com")), (44, b"\1\2\xaa\xbb"), (12, name(b"ptr.com")),
             (10, b"null\1"), (99, b"spf"), (65, b"\0\1\0")]
    return message([question(name(EVIL), 255)], [record(pointer(12), t, d) for t, d in fixed],
                   [record(pointer(12), 2, name(b"ns1.com"))], [OPT], flags=RESPONSE | 3)


# name -> (transport, server port, [(who sends, bytes), ...])
def cases():
    out = {}

    def udp(what, *items, port=53):
        out[what] = ("udp", port, items)

    def tcp(what, *items, port=53):
        out[what] = ("tcp", port, items)

    def ask(what, m):
        udp(what, ("q", m))

    udp("plain", ("q", QUERY), ("r", ANSWER))
    udp("edns", ("q", asks(name(EVIL), additionals=[OPT])), ("r", ANSWER))
    ask("two_questions", message([question(name(b"good.com")), question(name(EVIL))]))
    ask("upper_case", UPPER)
    for port in (137, 5353, 5355, 5300):
        udp(f"port_{port}", ("q", QUERY), port=port)
    udp("answer_first", ("r", ANSWER), ("q", QUERY))
    udp("junk_first", ("q", JUNK), ("q", QUERY))
    udp("junk_between", ("q", QUERY), ("q", JUNK), ("q", QUERY))
    udp("truncated_between", ("q", QUERY), ("q", QUERY[:-3]), ("q", QUERY))
    udp("bad_counts_between", ("q", QUERY), ("q", BAD_HEADER), ("q", QUERY))
    udp("self_pointer_between", ("q", QUERY), ("q", asks(pointer(12))), ("q", QUERY))
    udp("answer_from_client", ("q", QUERY), ("q", ANSWER), ("q", QUERY))
    udp("query_from_server", ("q", QUERY), ("r", QUERY), ("q", QUERY))
    ask("trailing_bytes", QUERY + b"JUNK")
    ask("truncated", QUERY[:-3])
    ask("no_question", message())
    ask("type_0", message([question(name(EVIL), 0)]))
    ask("type_any", message([question(name(EVIL), 255)]))
    ask("z_flag", asks(name(EVIL), flags=0x0140))
    for opcode in (1, 2, 4, 5, 7, 15):
        ask(f"opcode_{opcode}", asks(name(EVIL), flags=0x0100 | opcode << 11))
    ask("update", message([question(name(EVIL), 6)], authorities=[record(name(EVIL), 1, b"\1\2\3\4")], flags=5 << 11))
    ask("root", asks(name(b"")))
    ask("root_then_name", message([question(name(b"")), question(name(EVIL))]))
    ask("self_pointer", asks(pointer(12)))
    ask("loop", message([question(name(b"good.com")), question(b"\x04evil" + pointer(26))]))
    ask("pointer_in_question", message([question(name(b"example.com")), question(b"\x04evil" + pointer(12))]))
    ask("pointer_to_header", asks(b"\x04evil" + pointer(0), ident=0x0178))
    ask("pointer_beyond", asks(b"\x04evil" + pointer(0x3FF)))
    ask("pointer_to_end", asks(b"\x04evil" + pointer(12 + 7 + 4)))
    ask("label_type_40", asks(b"\x44" + b"a" * 0x44 + b"\0"))
    ask("long_300", asks(name(b".".join([b"a" * 60] * 5) + b".evil.example.com")))
    ask("long_1100", asks(name(b".".join([b"a" * 60] * 18) + b".evil.example.com")))
    for n in (250, 252, 260):
        ask(f"labels_{n}", asks(name(b".".join([b"a"] * n) + b".evil.example.com")))
    ask("nul_in_label", asks(b"\x05ev\0il\x07example\x03com\0"))
    ask("dot_in_label", asks(b"\x10evil.example.com\0"))
    ask("bytes_in_label", asks(ODD_LABEL))
    ask("name_to_end", message(counts=(1, 0, 0, 0), tail=b"\x04evil\x07example\x03com"))
    ask("answer_in_query", asks(name(EVIL), answers=[record(name(b"x.com"), 1, b"\1\2\3\4")]))
    ask("bad_additional", asks(name(EVIL), counts=(1, 0, 0, 1), tail=b"\0\0\x29"))
    ask("too_many_records", BAD_HEADER)
    udp("txt", ("q", QUERY), ("r", answers(record(pointer(12), 16, b"\x03abc\x04defg"))))
    udp("all_types", ("q", QUERY), ("r", all_types()))
    udp("bad_answer", ("q", QUERY), ("r", ANSWER[:-2]), ("q", QUERY), ("r", ANSWER))
    udp("short_address", ("q", QUERY), ("r", answers(record(pointer(12), 1, b"\1\2\3"))))
    udp("bad_extra", ("q", QUERY), ("r", answers(record(pointer(12), 1, b"\1\2\3\4"), counts=(1, 1, 0, 1), tail=b"\xc0\x0c\0")))
    udp("no_question_in_answer", ("q", QUERY), ("r", message([], [record(name(EVIL), 1, b"\1\2\3\4")], flags=RESPONSE)))
    ask("http_on_53", b"GET / HTTP/1.0\r\nHost: evil.example.com\r\n\r\n")
    ask("payload", asks(name(b"payload.test")))

    stream = framed(QUERY)
    tcp("tcp_plain", ("q", stream), ("r", framed(ANSWER)))
    for at in (1, 7, 20):
        tcp(f"tcp_cut_{at}", ("q", stream[:at]), ("q", stream[at:]))
    tcp("tcp_single_bytes", *[("q", bytes([b])) for b in stream])
    tcp("tcp_two", ("q", framed(GOOD) + stream))
    tcp("tcp_two_cut", ("q", framed(GOOD) + stream[:9]), ("q", stream[9:] + stream[:1]), ("q", stream[1:]))
    tcp("tcp_empty_between", ("q", framed(GOOD) + b"\0\0" + stream))
    tcp("tcp_short_between", ("q", framed(GOOD) + b"\0\x03abc" + stream))
    tcp("tcp_truncated_between", ("q", framed(GOOD) + framed(QUERY[:-3]) + stream))
    tcp("tcp_answer_from_client", ("q", framed(GOOD) + framed(ANSWER) + stream))
    big = framed(asks(name(EVIL), additionals=[record(b"\0", 41, b"\0\x0c\x07\xd0" + b"\0" * 2000, 0, 4096)]))
    tcp("tcp_large", ("q", framed(GOOD) + big[:800]), ("q", big[800:]), ("q", stream))
    tcp("tcp_port_5300", ("q", stream), ("r", framed(ANSWER)), port=5300)
    tcp("tcp_http", ("q", b"GET / HTTP/1.0\r\nHost: evil.example.com\r\n\r\n"))
    tcp("tcp_answer_first", ("r", framed(ANSWER)), ("q", stream))
    tcp("tcp_transfer", ("q", framed(message([question(name(EVIL), 6)]))), ("r", framed(ANSWER) + framed(ANSWER)))
    return out


# ---- captures

ETHERNET = b"\x02\0\0\0\0\x02" + b"\x02\0\0\0\0\x01" + b"\x08\0"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, protocol, payload):
    at = 6 if protocol == 17 else 16
    pseudo = source + target + struct.pack(">BBH", 0, protocol, len(payload))
    payload = payload[:at] + u16(checksum(pseudo + payload) or 0xFFFF) + payload[at + 2:]
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, source, target)
    return head[:10] + u16(checksum(head)) + head[12:] + payload


class Capture:
    def __init__(self):
        self.frames = []

    def add(self, source, target, protocol, payload):
        self.frames.append(ETHERNET + ipv4(source, target, protocol, payload))

    def udp(self, ends, port, items):
        for who, data in items:
            (source, sport), (target, dport) = ends if who == "q" else ends[::-1]
            self.add(source, target, 17, struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data)

    def tcp(self, ends, port, items, closer="q"):
        seq = {"q": 1000, "r": 5000}

        def segment(who, flags, data=b""):
            (source, sport), (target, dport) = ends if who == "q" else ends[::-1]
            ack = seq["r" if who == "q" else "q"] if flags & 0x10 else 0
            self.add(source, target, 6, struct.pack(">HHIIBBHHH", sport, dport, seq[who], ack, 0x50, flags, 65535, 0, 0) + data)
            seq[who] += len(data) + (1 if flags & 3 else 0)

        segment("q", 2), segment("r", 0x12), segment("q", 0x10)
        for who, data in items:
            segment(who, 0x18, data)
            segment("r" if who == "q" else "q", 0x10)
        other = "r" if closer == "q" else "q"
        segment(closer, 0x11), segment(other, 0x11), segment(closer, 0x10)

    def write(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for i, frame in enumerate(self.frames):
                f.write(struct.pack("<IIII", 1700000000 + i // 1000, i % 1000 * 1000, len(frame), len(frame)) + frame)


def write_all(path):
    """All cases in one capture; client address -> name of the case."""
    capture, names = Capture(), {}
    for i, (what, (transport, port, items)) in enumerate(cases().items()):
        client = bytes([10, 1, i // 250, 1 + i % 250])
        ends = ((client, 40000 + i), (bytes([10, 2, 0, 53]), port))
        getattr(capture, transport)(ends, port, items)
        names[".".join(map(str, client))] = what
    capture.write(path)
    return names
