#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suricata's own regression cases, judged by sluice replay: every case whose rules are all compiled must agree with Suricata,
but for those that known_differences.txt names with the reason; and a case named there must really differ.

usage: suricata_verify_test.py SLUICE        needs $SLUICE_SHARED/data/suricata-verify; exit 77 (skipped) without it
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("SLUICE_SHARED", "")
TREE = os.path.join(SHARED, "data", "suricata-verify")
JUDGE = os.path.join(SHARED, "tools", "suricata_verify.py")


def known_differences():
    known = {}
    for line in open(os.path.join(HERE, "known_differences.txt")):
        name, _, why = line.strip().partition("\t")
        if name and not name.startswith("#"):
            known[name] = why.strip()
    return known


def is_compiled(sluice, name):
    rules = os.path.join(TREE, name, "test.rules")
    if not os.path.exists(rules):
        return False
    report = subprocess.run([sluice, "check", "--json", rules], capture_output=True, text=True, timeout=60)
    try:
        j = json.loads(report.stdout)
    except ValueError:
        return False
    return j["compiled"] > 0 and not j["problems"]


def main():
    if not SHARED or not os.path.isdir(TREE) or not os.path.exists(JUDGE):
        print("SKIP suricata_verify: SLUICE_SHARED does not name a folder with data/suricata-verify")
        return 77
    sluice = os.path.abspath(sys.argv[1])
    names = [line.split("\t")[0].strip() for line in open(os.path.join(TREE, "LIST"))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        compiled = [n for n, ok in zip(names, pool.map(lambda n: is_compiled(sluice, n), names)) if ok]
    with tempfile.TemporaryDirectory() as scratch:
        listing, log = os.path.join(scratch, "list"), os.path.join(scratch, "log")
        open(listing, "w").write("\n".join(compiled) + "\n")
        engine = f"{sluice} replay --pcap {{pcap}} --rules {{rules}} --eve {{out}}/eve.json"
        done = subprocess.run([sys.executable, JUDGE, TREE, "--engine", engine, "--list", listing, "--log", log], timeout=1200)
        results = [line.rstrip("\n").split("\t") for line in open(log)]
    known = known_differences()
    bad = []
    for state, name, why in results:
        if state in ("FAIL", "ERROR") and name not in known:
            bad.append(f"{state} {name}: {why}")
        elif state == "PASS" and name in known:
            bad.append(f"{name} agrees now: take it out of known_differences.txt")
    passed = sum(1 for r in results if r[0] == "PASS")
    print(f"{len(compiled)} of {len(names)} cases are compiled whole: {passed} agree, {len(known)} known differences")
    print("\n".join(bad))
    return 1 if bad or not passed else 0


sys.exit(main())
