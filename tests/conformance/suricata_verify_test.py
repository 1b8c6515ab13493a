#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suricata's own regression cases, judged by sluice replay: every case of the list must agree with Suricata, but for those that
known_differences.txt names with the reason; and a case named there must really differ.

usage: suricata_verify_test.py SLUICE        needs $SLUICE_SHARED/data/suricata-verify; exit 77 (skipped) without it
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("SLUICE_SHARED", "")
TREE = os.path.join(SHARED, "data", "suricata-verify")
JUDGE = os.path.join(SHARED, "tools", "suricata_verify.py")
LEAST_AGREEMENT = 0.85


def known_differences():
    known = {}
    for line in open(os.path.join(HERE, "known_differences.txt")):
        name, _, why = line.strip().partition("\t")
        if name and not name.startswith("#"):
            known[name] = why.strip()
    return known


def main():
    if not SHARED or not os.path.isdir(TREE) or not os.path.exists(JUDGE):
        print("SKIP suricata_verify: SLUICE_SHARED does not name a folder with data/suricata-verify")
        return 77
    sluice = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        log = os.path.join(scratch, "log")
        engine = f"{sluice} replay --pcap {{pcap}} --rules {{rules}} --eve {{out}}/eve.json"
        subprocess.run([sys.executable, JUDGE, TREE, "--engine", engine, "--list", os.path.join(TREE, "LIST"), "--log", log], timeout=1200)
        results = [line.rstrip("\n").split("\t") for line in open(log)]
    known = known_differences()
    bad = [f"{name}: no reason is given" for name, why in known.items() if not why]
    for state, name, why in results:
        if state in ("FAIL", "ERROR") and name not in known:
            bad.append(f"{state} {name}: {why[:400]}")
        elif state == "PASS" and name in known:
            bad.append(f"{name} agrees now: take it out of known_differences.txt")
    passed = sum(1 for r in results if r[0] == "PASS")
    print(f"{passed} of {len(results)} cases agree, {len(known)} known differences")
    if passed < LEAST_AGREEMENT * len(results):
        bad.append(f"less than {LEAST_AGREEMENT:.0%} agree")
    print("\n".join(bad))
    return 1 if bad or not passed else 0


sys.exit(main())
