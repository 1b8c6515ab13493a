#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suricata's own cases about exception policies, judged by sluice replay with the policy that each names: alerts as Suricata's, and
where the flow is to be dropped, one drop event that says so.

usage: suricata_exceptions_test.py SLUICE        needs $SLUICE_SHARED/data/suricata-verify; exit 77 (skipped) without it
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

TREE = os.path.join(os.environ.get("SLUICE_SHARED", ""), "data", "suricata-verify")
BUG = "bug-5825-midstream-exception-policy/exception-policy-ips-midstream-"
# case, what its test.yaml sets, alerts, drop events with "stream midstream"
CASES = [
    (BUG + "disabled-drop-flow", ["--mode", "inline", "--exception", "midstream=drop"], 0, 1),
    (BUG + "disabled-reject", ["--mode", "inline", "--exception", "midstream=drop"], 0, 1),
    (BUG + "enabled-ignore", ["--mode", "inline"], 1, 0),
    ("exception-policy-midstream-02", ["--mode", "inline", "--exception", "midstream=drop"], 0, 1),
    ("exception-policy-default-04", ["--mode", "tap", "--exception", "midstream=pass"], 1, 0),
]


def judge(sluice, name, options):
    case = os.path.join(TREE, name)
    with tempfile.TemporaryDirectory() as work:
        eve = os.path.join(work, "eve.json")
        subprocess.run([sluice, "replay", "--pcap", os.path.join(case, "input.pcap"), "--rules", os.path.join(case, "test.rules"), "--eve", eve, *options],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        events = [json.loads(line) for line in open(eve)]
    kinds = collections.Counter(e["event_type"] for e in events)
    return kinds["alert"], sum(1 for e in events if e.get("drop", {}).get("reason") == "stream midstream")


def main():
    if not os.path.isdir(TREE):
        print("SKIP suricata_exceptions: SLUICE_SHARED does not name a folder with data/suricata-verify")
        return 77
    bad = 0
    for name, options, alerts, drops in CASES:
        got = judge(os.path.abspath(sys.argv[1]), name, options)
        if got != (alerts, drops):
            bad += 1
            print(f"{name}: {got[0]} alerts and {got[1]} midstream drops, Suricata has {alerts} and {drops}")
    print(f"{len(CASES) - bad} of {len(CASES)} cases about exception policies agree")
    return 1 if bad else 0


sys.exit(main())
