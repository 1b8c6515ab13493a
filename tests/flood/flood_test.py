#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Floods through `sluice replay`: memory stays within what is configured, the honest connections among them fare as they do
without the flood, counters explain every packet, and nothing is left when the time-outs have run out.

Usage: flood_test.py SLUICE SLUICE_CORPUS [--no-memory-bound]     (sanitizers have their own idea of memory)
SLUICE_FLOOD_SOURCES=5000000 makes the floods that big (default 300000)."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SLUICE, CORPUS = sys.argv[1:3]
BOUND_MEMORY = "--no-memory-bound" not in sys.argv
COUNT = int(os.environ.get("SLUICE_FLOOD_SOURCES", "300000"))
CONNECTIONS = 200
MAX_FLOWS = 65536
MAX_DATAGRAMS = 4096
PER_SOURCE = 100
STREAM_MB, DEFRAG_MB = 16, 4
CONFIG = f"""[dataplane]
mode = "inline"
[[segment]]
name = "flood"
ports = ["null", "null"]
[flow]
max_flows = {MAX_FLOWS}
[stream]
memory_mb = {STREAM_MB}
copy_store_mb = 8
[defrag]
max_datagrams = {MAX_DATAGRAMS}
memory_mb = {DEFRAG_MB}
per_source = {PER_SOURCE}
"""
# Flow, its bucket entries, its place in the eviction queue and in the free list; a datagram with its bucket, and the sketch of
# sources; and what huge pages round up.
MEMORY = MAX_FLOWS * (192 + 16 + 16 + 4) + MAX_DATAGRAMS * 256 + ((STREAM_MB + DEFRAG_MB + 8) << 20)


class Run:
    """One capture; neither it nor what was forwarded is ever a file: both go through pipes."""

    def __init__(self, work, kind, count, options):
        out, eve, stats = work / "forwarded", work / "eve.json", work / "stats.json"
        os.mkfifo(out)
        reader = threading.Thread(target=lambda: setattr(self, "honest", honest_frames(out)), daemon=True)
        reader.start()
        corpus = subprocess.Popen([CORPUS, kind, "--count", str(count), "--connections", str(CONNECTIONS), *options, "-o", "-"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        replay = subprocess.run([SLUICE, "replay", "--pcap", "-", "--rules", ROOT / "signatures/rules/demo.rules", "--config", work / "sluice.toml",
                                 "--pcap-out", out, "--eve", eve, "--stats", stats], stdin=corpus.stdout, capture_output=True, text=True)
        told = corpus.communicate()[1].decode()
        assert corpus.returncode == 0, told
        assert replay.returncode == 0, replay.stderr
        self.text = replay.stdout
        self.frames = int(told.split(":")[1].split()[0])
        self.stats = json.loads(stats.read_text())
        self.alerts = sorted(alert_of(e) for e in map(json.loads, eve.open()) if e["event_type"] == "alert")
        reader.join()
        out.unlink()


def alert_of(event):
    return event["src_ip"], event["src_port"], event["dest_port"], event["alert"]["signature_id"], event["alert"]["action"]


def honest_frames(path):
    """What was forwarded, by client of 10.1.0.0/16: all but MACs and the IP id, which counts the flood's frames too."""
    clients = {}
    with open(path, "rb", buffering=1 << 20) as capture:
        capture.read(24)
        while header := capture.read(16):
            frame = capture.read(struct.unpack_from("<I", header, 8)[0])
            if frame[12:14] == b"\x08\x00":
                source, destination = frame[26:30], frame[30:34]
                client = source if source[:2] == b"\x0a\x01" else destination
                if client[:2] == b"\x0a\x01":
                    clients.setdefault(client, []).append(frame[20:22] + frame[26:])
    return clients


def check_honest(run):
    """Twins get their page, of an attack only the part that says nothing goes on, and each attack is told."""
    assert len(run.honest) == CONNECTIONS
    attacks = [n for n in range(CONNECTIONS) if n // 2 % 2 == 0]
    for n in range(CONNECTIONS):
        client = struct.pack(">I", 0x0a010001 + n)
        sent = b"".join(f for f in run.honest[client] if f[2:6] == client)
        assert sent.count(b"Host: shop.example") == (1 if n in attacks else 2), (n, sent)
    assert [a[3:] for a in run.alerts] == [(1000000, "blocked")] * len(attacks), run.alerts


def delta(flood, alone):
    """Counters that the flood alone caused."""
    diff = {k: v - alone.stats["counters"][k] for k, v in flood.stats["counters"].items()}
    return {k: v for k, v in diff.items() if v != 0}


def check_common(flood, alone, count, drops):
    assert flood.frames == flood.stats["packets"] == alone.frames + count
    assert flood.stats["packets"] == flood.stats["forwarded"] + flood.stats["dropped"]
    assert flood.stats["dropped"] == alone.stats["dropped"] + drops, (flood.stats, drops)
    assert flood.honest == alone.honest, "the honest connections fare otherwise under the flood"
    assert flood.alerts == alone.alerts
    assert not any(flood.stats["held_at_end"].values()), flood.stats["held_at_end"]
    f = flood.stats["flows"]
    assert f["created"] == f["evicted"] + f["timed_out"] + f["reused"], f
    grown = flood.stats["peak_rss_bytes"] - alone.stats["peak_rss_bytes"]
    assert not BOUND_MEMORY or grown <= MEMORY, (grown, MEMORY)
    assert "still held at the last packet: 0 flows, 0 streams" in flood.text, flood.text


def check_syn(flood, count):
    f = flood.stats["flows"]
    assert f["created"] == count + CONNECTIONS and f["no_room"] == 0, f
    assert f["evicted"] >= f["created"] - MAX_FLOWS > 0, f
    assert f["emergencies"] >= 1


def syn_flood(flood, alone, count):
    check_syn(flood, count)
    assert delta(flood, alone) == {"flow_evicted": flood.stats["flows"]["evicted"]}, delta(flood, alone)
    return 0


def syn_data_flood(flood, alone, count):
    """What a SYN carries is kept for 512 connections at a time: a sixteenth of the memory, 2 KiB each."""
    check_syn(flood, count)
    d = delta(flood, alone)
    assert d.pop("tcp_syn_data") == count
    dropped = d.pop("tcp_syn_data_full")
    assert 0 < count - dropped < count / 10
    assert d == {"flow_evicted": flood.stats["flows"]["evicted"]}, d
    assert flood.stats["stream_bytes_uninspected"] == alone.stats["stream_bytes_uninspected"]
    return dropped


def fragment_flood(flood, alone, count):
    """Every fragment is kept until its time is over, or until it is the oldest and room is wanted: what honest ends send in
    fragments meanwhile is put together and inspected."""
    d = delta(flood, alone)
    kept, evicted = d.pop("fragment_timeout"), d.pop("fragment_evicted")
    assert d == {} and kept + evicted == count and MAX_DATAGRAMS / 4 < kept, (d, kept, evicted)
    assert flood.stats["counters"]["fragment_reassembled"] == CONNECTIONS
    return 0


def one_source_fragments(flood, alone, count):
    """One source of each family gets its share and no more: there is room for the honest fragments."""
    d = delta(flood, alone)
    assert d == {"fragment_source_limit": count - 2 * PER_SOURCE, "fragment_timeout": 2 * PER_SOURCE}, d
    assert flood.stats["counters"]["fragment_reassembled"] == CONNECTIONS
    return d["fragment_source_limit"]


CASES = [
    ("SYNs of sources of their own", "synflood", [], syn_flood),
    ("the same with data in each SYN", "synflood", ["--syn-data", "300"], syn_data_flood),
    ("first fragments of sources of their own", "fragflood", ["--fragment-requests"], fragment_flood),
    ("first fragments of one source", "fragflood", ["--one-source", "--fragment-requests"], one_source_fragments),
]

with tempfile.TemporaryDirectory(prefix="sluice-flood.") as folder:
    work = pathlib.Path(folder)
    (work / "sluice.toml").write_text(CONFIG)
    for title, kind, options, check in CASES:
        alone = Run(work, kind, 0, options)
        check_honest(alone)
        flood = Run(work, kind, COUNT, options)
        check_common(flood, alone, COUNT, check(flood, alone, COUNT))
        print(f"ok  {COUNT} {title}: {flood.stats['peak_rss_bytes'] / 1e6:.1f} MB at most, {alone.stats['peak_rss_bytes'] / 1e6:.1f} MB without; "
              f"{flood.stats['flows']['evicted']} evicted, {flood.stats['dropped']} dropped; {flood.stats['processing_cpu_seconds']:.1f} s of CPU")
