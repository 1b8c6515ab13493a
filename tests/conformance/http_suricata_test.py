#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP as Suricata sees it: the conversations of http_cases.py through the installed Suricata and through sluice replay, with a rule
for every event that Sluice reports and rules over buffers. The alerts of each conversation must be the same, but that Suricata as a tap
looks at a request once more when its response is there, so that events are compared in the response's direction only; and but for what http_differences.txt names with the reason; and what is named there must really differ.

usage: http_suricata_test.py SLUICE        exit 77 (skipped) without Suricata 7
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import both_programs
import dns_cases
import http_cases

RULES = [
    'http.request_header; content:"X-A: 1, 2"; bsize:9;',
    'http.request_header; content:"Cookie: a=b";',
    'flow:to_client; http.response_header; content:"Content-Length: 2"; endswith;',
    'http.uri; content:"/inside";',
    'flow:to_server; tls.sni; content:"inside.example"; bsize:14;',
    'flow:to_client; ssh.software; content:"inside";',
]


def events_of(sluice):
    page = subprocess.run([sluice, "keywords"], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^\| (http\.\w+) \| yes \|", page, re.M) + re.findall(r"^\| (applayer_\w+) \| \w+ \|", page, re.M)


def event_rules(event):
    if event.startswith("applayer"):
        return [f"app-layer-event:{event};"]
    return [f"flow:{d}; app-layer-event:{event};" for d in ("to_server", "to_client")]


def write_rules(path, sluice):
    names = {}
    with open(path, "w") as f:
        for sid, options in enumerate([option for e in events_of(sluice) for option in event_rules(e)] + RULES, 1):
            proto = "ip" if "applayer" in options else (re.search(r"tls|ssh", options) or ["http"])[0]
            f.write(f'alert {proto} any any -> any any (msg:"{sid}"; {options} sid:{sid};)\n')
            names[sid] = options
    return names


def write_capture(path):
    capture, names = dns_cases.Capture(), {}
    for i, (what, items) in enumerate(http_cases.cases().items()):
        client = bytes([10, 1, i // 250, 1 + i % 250])
        capture.tcp(((client, 40000 + i), (bytes([10, 2, 0, 80]), 80)), 80, items)
        names[".".join(map(str, client))] = what
    capture.write(path)
    return names


def alerts(path, cases, rules):
    """name of the case -> what alerted, with its direction, and how often."""
    seen = collections.defaultdict(collections.Counter)
    for line in open(path):
        e = json.loads(line)
        if e["event_type"] == "alert":
            case = cases.get(e["src_ip"]) or cases.get(e["dest_ip"])
            seen[case][rules[e["alert"]["signature_id"]]] += 1
    return seen


def run_both(sluice, suricata, scratch):
    pcap, rules = os.path.join(scratch, "all.pcap"), os.path.join(scratch, "all.rules")
    cases, names = write_capture(pcap), write_rules(rules, sluice)
    theirs, ours = both_programs.run(sluice, suricata, scratch, pcap, rules)
    return alerts(theirs, cases, names), alerts(ours, cases, names)


def main():
    suricata = both_programs.suricata_7()
    if suricata is None:
        print("SKIP http_suricata: Suricata 7 is not installed")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        theirs, ours = run_both(os.path.abspath(sys.argv[1]), suricata, scratch)
    known, met, bad, agree = both_programs.named_differences("http_differences.txt"), set(), [], 0
    for case in http_cases.cases():
        more = [r for r in (theirs[case] - ours[case]).elements() if not r.startswith("flow:to_server; app-layer-event")]
        differences = [("Suricata", r) for r in more] + [("Sluice", r) for r in (ours[case] - theirs[case]).elements()]
        agree += not differences
        for side, rule in differences:
            keys = {(case, rule), ("*", rule)} & known.keys()
            met |= keys
            if not keys:
                bad.append(f"{case}: only {side}: {rule}")
    bad += [f"{case}\t{rule}: agrees now: take it out of http_differences.txt" for case, rule in known.keys() - met]
    print(f"{agree} of {len(http_cases.cases())} conversations agree, {len(known)} known differences")
    print("\n".join(bad))
    return 1 if bad or not agree else 0


sys.exit(main())
