#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The keyword tag against Suricata: the same rules over made conversations; the same packets must be told, as events of type packet with
the same addresses, ports and bytes.

usage: tag_suricata_test.py SLUICE        exit 77 (skipped) without Suricata
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from frames import Capture, Tcp

UDP = 'udp any any -> any any (msg:"t"; content:"hit"; '
# Each is tried alone: what one tags would hide what another does.
RULES = [f"alert {UDP}tag:{value};" for value in (
    "session", "host", "session,0,packets", "session,1,packets", "session,2,packets", "session,12,packets", "session, 7 ,packets ,dst",
    "session,300,packets", "host,5,packets", "host,9,packets,src", "host,9,packets,dst", "host,300,packets,src", "session,150,bytes",
    "session,1000,bytes", "host,500,bytes,src", "host,2000,bytes,dst", "session,0,seconds", "session,1,seconds", "session,5,seconds",
    "host,0,seconds,src", "host,3,seconds,src", "host,20,seconds,dst", "session,4294967295,bytes")] + [
    f"alert {UDP}tag:session,5,packets; tag:host,8,packets,src;",
    f"alert {UDP}tag:session,5,packets; tag:session,30,packets;",
    f"alert {UDP}tag:host,5,packets,src; tag:host,700,bytes,dst;",
    f"alert {UDP}tag:session,6,packets; noalert;",
    f"alert {UDP}tag:session,3,packets; threshold:type limit,track by_src,count 1,seconds 3;",
    f"alert {UDP}tag:session,3,packets; threshold:type threshold,track by_src,count 3,seconds 5;",
    f"alert {UDP}tag:session,3,packets; detection_filter:track by_src,count 2,seconds 4;",
    'alert udp any any -> any any (msg:"t"; content:"hit"; tag:host,4,packets,src; tag:session,200,bytes; noalert;',
    'alert tcp any any -> any any (msg:"t"; flags:S; tag:session,4,packets;',
    'alert tcp any any -> any any (msg:"t"; flags:S; tag:host,25,packets,dst;',
    'alert tcp any any -> any any (msg:"t"; flags:SA; tag:session,400,bytes;',
    'alert tcp any any -> any any (msg:"t"; flags:SA; tag:session;',
    'alert tcp any any -> any any (msg:"t"; flags:S; dsize:0; tag:host,2,seconds,src; tag:session,3,packets;',
    'alert icmp any any -> any any (msg:"t"; itype:8; tag:session,3,packets;',
    'alert icmp any any -> any any (msg:"t"; itype:8; tag:host,6,packets,src;',
]
SUPPRESSED = f"alert {UDP}tag:session,4,packets;"


def write_capture(path, seed):
    """Datagrams of a few flows and hosts, echo requests, connections and ICMP errors, mixed; seconds are met and missed."""
    rng = random.Random(seed)
    capture = Capture(path)
    for turn in range(200):
        host, server = f"10.1.0.{rng.randint(1, 3)}", f"10.2.0.{rng.randint(1, 2)}"
        port = rng.randint(1000, 1003)
        kind = rng.randrange(12)
        if kind == 0:
            tcp = Tcp(capture, host, 20000 + turn, server, 8080)
            tcp.send(0, b"q" * rng.randint(1, 300))
            tcp.send(1, b"r" * rng.randint(1, 3000))
            tcp.close()
        elif kind == 1:
            capture.icmp(host, server, 8, 0, b"ping")
            capture.icmp(server, host, 0, 0, b"ping")
        elif kind == 2:
            capture.millis += rng.choice((1, 500, 999, 1000, 3000))
        else:
            text = b"a hit" if rng.random() < 0.06 else b"none" * rng.randint(1, 20)
            ends = [(host, port), (server, 99)]
            (src, sport), (dst, dport) = ends if rng.random() < 0.7 else ends[::-1]
            capture.udp(src, sport, dst, dport, text)
        capture.millis += rng.choice((1, 5, 40, 120))
    capture.close()


def packets(path):
    told = []
    for line in open(path):
        e = json.loads(line)
        if e["event_type"] == "packet":
            told.append((e["pcap_cnt"], e["src_ip"], e.get("src_port"), e["dest_ip"], e.get("dest_port"), e["proto"], e["packet"],
                         e["packet_info"]["linktype"]))
    return told


def by_suricata(folder, rules, capture, config):
    yaml = os.path.join(folder, "suricata.yaml")
    with open(yaml, "w") as f:
        f.write("%YAML 1.1\n---\noutputs:\n  - eve-log:\n      enabled: yes\n      filename: eve.json\n      types: [{alert: {tagged-packets: yes}}]\n"
                f"threshold-file: {config}\n")
    out = os.path.join(folder, "suricata")
    os.makedirs(out, exist_ok=True)
    done = subprocess.run(["suricata", "-c", yaml, "-S", rules, "-r", capture, "-l", out, "-k", "none", "--runmode", "single"],
                          capture_output=True, text=True)
    if done.returncode or "rror" in done.stderr:
        sys.exit(f"suricata failed: {done.stderr[-500:]}")
    found = packets(os.path.join(out, "eve.json"))
    shutil.rmtree(out)
    return found


def by_sluice(sluice, folder, rules, capture, config, *more):
    eve = os.path.join(folder, "sluice.json")
    done = subprocess.run([sluice, "replay", "--pcap", capture, "--rules", rules, "--thresholds", config, "--eve", eve, "--strict", *more],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"sluice failed: {done.stderr[-500:]}")
    return packets(eve)


def main():
    if not shutil.which("suricata"):
        print("SKIP tag_suricata: Suricata is not installed")
        return 77
    sluice = os.path.abspath(sys.argv[1])
    wrong = total = 0
    with tempfile.TemporaryDirectory() as folder:
        rules, config, capture = (os.path.join(folder, name) for name in ("t.rules", "threshold.config", "t.pcap"))
        for seed in range(2):
            write_capture(capture, seed)
            for text in RULES + [SUPPRESSED]:
                with open(rules, "w") as f:
                    f.write(f"{text} sid:1;)\n")
                with open(config, "w") as f:
                    f.write("suppress gen_id 1, sig_id 1\n" if text is SUPPRESSED else "")
                ours = by_sluice(sluice, folder, rules, capture, config)
                # Suricata's housekeeping thread may forget a host whenever it comes by: asked again, it is right.
                for _ in range(3):
                    theirs = by_suricata(folder, rules, capture, config)
                    if ours == theirs:
                        break
                total += len(theirs)
                if ours != theirs:
                    wrong += 1
                    first = next((o or t for o, t in zip(ours + [None], theirs + [None]) if o != t), None)
                    print(f"seed {seed}: {text}: {len(ours)} packets, {len(theirs)} of Suricata; first difference: {first}")
        if by_sluice(sluice, folder, rules, capture, config, "--events", "alert"):
            wrong += 1
            print("packets were told that nobody asked for")
    print(f"{total} tagged packets of Suricata, {wrong} rules differ")
    return 1 if wrong or not total else 0


sys.exit(main())
