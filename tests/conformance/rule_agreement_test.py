#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same alerts as Suricata, in short: a sample of Emerging Threats' rules over conversations made from them (rule_traffic.py), once
in large segments, once in small ones with chunked bodies, and rules about policy over every capture of $SLUICE_SHARED.
tools/compare-suricata judges; what differs must stand in rule_differences.tsv. At least 98.5 % must agree of HTTP, DNS and TLS, large and
small, and of these and all captures together.

usage: rule_agreement_test.py SLUICE [EVERY]     each EVERYth rule (default 40); exit 77 (skipped) without Suricata, zstd or SLUICE_SHARED
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from rule_text import read_rules

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARED = os.environ.get("SLUICE_SHARED", "")
ARCHIVE = os.path.join(SHARED, "data", "rules", "emerging-all-2023-05-15.rules.zst")
LEAST = 98.5  # percent
# Folder, what goes in, what must agree at least (percent; None: no less than what is explained). Content rules over TCP with a place
# alert twice in Suricata (rule_differences.tsv), so the rest is a class of its own and does not count for the whole.
APP = ["--only", "http", "--only", "dns", "--only", "tls"]
MADE = [("app-large", APP, LEAST), ("app-small", APP + ["--mss", "60", "--coding", "chunked"], LEAST),
        ("packets", ["--only", "tcp", "--only", "udp", "--only", "icmp"], None)]


def samples(folder, every):
    """Each Nth rule, and the rules about policy and information, which ordinary captures match."""
    whole = os.path.join(folder, "all.rules")
    subprocess.run(["zstd", "-dqf", ARCHIVE, "-o", whole], check=True)
    made, usual = os.path.join(folder, "made.rules"), os.path.join(folder, "usual.rules")
    with open(made, "w", errors="surrogateescape") as m, open(usual, "w", errors="surrogateescape") as u:
        for number, rule in enumerate(read_rules(whole)):
            if number % every == 0:
                m.write(rule.text + "\n")
            if any(word in rule.value("msg") for word in ("ET POLICY", "ET INFO", "GPL")):
                u.write(rule.text + "\n")
    return made, usual


def compare(sluice, rules, captures):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "compare-suricata"), "--json", "--rules", rules, "--known",
                           os.path.join(HERE, "rule_differences.tsv"), captures], capture_output=True, text=True, env={**os.environ, "SLUICE": sluice})
    if not done.stdout.startswith("{"):
        sys.exit(f"compare-suricata failed: {done.stderr[-600:]}")
    return json.loads(done.stdout)


def main():
    for reason, missing in (("Suricata is not installed", not shutil.which("suricata")), ("zstd is not installed", not shutil.which("zstd")),
                            ("SLUICE_SHARED has no data/rules", not os.path.exists(ARCHIVE))):
        if missing:
            print(f"SKIP rule_agreement: {reason}")
            return 77
    sluice = os.path.abspath(sys.argv[1])
    bad = 0
    agree = of = 0
    with tempfile.TemporaryDirectory() as folder:
        rules, usual = samples(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 40)
        jobs = [(rules, os.path.join(folder, name), options, least) for name, options, least in MADE]
        for rules, captures, options, least in jobs + [(usual, os.path.join(SHARED, "data"), None, None)]:
            if options:
                subprocess.run([sys.executable, os.path.join(HERE, "rule_traffic.py"), rules, "-o", captures, *options],
                               check=True, stdout=subprocess.DEVNULL)
            r = compare(sluice, rules, captures)
            print(f"{os.path.basename(captures)}: {r['captures']} captures, alerts: sluice {r['alerts_sluice']}, suricata {r['alerts_suricata']}; "
                  f"agreement {r['agreement_percent']} %, {r['explained']} explained, {r['unexplained']} not")
            for d in r["differences"]:
                if not d["explained"]:
                    print(f"  {d['alert']}: sluice {d['sluice']}, suricata {d['suricata']}  {os.path.basename(d['capture'])}")
            bad += r["unexplained"] + len(r["failed"]) + (r["agree"] == 0) + (least is not None and r["agreement_percent"] < least)
            if least is not None or not options:
                agree += r["agree"]
                of += r["agree"] + r["explained"] + r["unexplained"]
    print(f"HTTP, DNS, TLS and all captures: {agree} of {of} agree")
    bad += 100 * agree < LEAST * of
    return 1 if bad else 0


sys.exit(main())
