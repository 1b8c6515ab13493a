#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""threshold, detection_filter, and the lines of threshold.config, against Suricata: the same rules over a made capture of bursts from
several sources to several destinations; every packet must raise the same rules, with the same action where a rate_filter changes it.

usage: threshold_suricata_test.py SLUICE        exit 77 (skipped) without Suricata
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from frames import Capture

RULES = [
    "threshold: type limit, track by_src, count 2, seconds 3",
    "threshold: type limit, track by_dst, count 1, seconds 2",
    "threshold: type limit, track by_both, count 3, seconds 5",
    "threshold: type limit, track by_rule, count 4, seconds 3",
    "threshold: type threshold, track by_src, count 3, seconds 4",
    "threshold: type threshold, track by_dst, count 5, seconds 2",
    "threshold: type threshold, track by_both, count 2, seconds 10",
    "threshold: type threshold, track by_rule, count 7, seconds 3",
    "threshold: type both, track by_src, count 3, seconds 4",
    "threshold: type both, track by_dst, count 2, seconds 2",
    "threshold: type both, track by_both, count 4, seconds 6",
    "threshold: type both, track by_rule, count 9, seconds 3",
    "detection_filter: track by_src, count 3, seconds 4",
    "detection_filter: track by_dst, count 6, seconds 2",
    "detection_filter: track by_rule, count 10, seconds 5",
    "detection_filter: track by_both, count 2, seconds 3",
]
# Rules that have no threshold of their own, from FIRST on, and what threshold.config says of each.
FIRST = 100
CONFIG = [
    "suppress gen_id 1, sig_id {}",
    "suppress gen_id 1, sig_id {}, track by_src, ip 10.1.0.1",
    "suppress gen_id 1, sig_id {}, track by_dst, ip 10.2.0.2",
    "suppress gen_id 1, sig_id {}, track by_src, ip 10.1.0.0/31",
    "suppress gen_id 1, sig_id {}, track by_src, ip [10.1.0.1,10.1.0.3]",
    "suppress gen_id 1, sig_id {}, track by_either, ip 10.2.0.1",
    "threshold gen_id 1, sig_id {}, type limit, track by_src, count 1, seconds 3",
    "threshold gen_id 1, sig_id {}, type threshold, track by_dst, count 4, seconds 3",
    "threshold gen_id 1, sig_id {}, type both, track by_both, count 2, seconds 4",
    "event_filter gen_id 1, sig_id {}, type limit, track by_rule, count 5, seconds 4",
    "rate_filter gen_id 1, sig_id {}, track by_src, count 3, seconds 2, new_action drop, timeout 3",
    "rate_filter gen_id 1, sig_id {}, track by_dst, count 5, seconds 3, new_action pass, timeout 2",
    "rate_filter gen_id 1, sig_id {}, track by_rule, count 8, seconds 2, new_action drop, timeout 4",
    "rate_filter gen_id 1, sig_id {}, track by_both, count 2, seconds 4, new_action pass, timeout 5",
]


def write_rules(folder, sids):
    rules = os.path.join(folder, "t.rules")
    config = os.path.join(folder, "threshold.config")
    with open(rules, "w") as f:
        for sid in sids:
            own = "" if sid >= FIRST else RULES[sid - 1] + "; "
            f.write(f'alert udp any any -> any any (msg:"t"; content:"hit"; {own}sid:{sid};)\n')
    with open(config, "w") as f:
        f.write("".join(CONFIG[sid - FIRST].format(sid) + "\n" for sid in sids if sid >= FIRST))
    return rules, config


def groups():
    """A rate_filter decides on the whole packet, for other rules too: each of them is tried alone."""
    alone = [sid for sid, text in enumerate(CONFIG, FIRST) if text.startswith("rate_filter")]
    rest = list(range(1, len(RULES) + 1)) + [sid for sid in range(FIRST, FIRST + len(CONFIG)) if sid not in alone]
    return [rest] + [[sid] for sid in alone]


def write_capture(path, seed):
    """Bursts with pauses between; each packet a flow of its own. Whole seconds are met and missed."""
    rng = random.Random(seed)
    capture = Capture(path)
    port = 1000
    for _ in range(60):
        gap = rng.choice((1, 40, 300, 999))
        for _ in range(rng.randint(1, 12)):
            capture.millis += gap
            port += 1
            capture.udp(f"10.1.0.{rng.randint(1, 3)}", port, f"10.2.0.{rng.randint(1, 2)}", 99, b"a hit")
        capture.millis += rng.choice((0, 1000, 2000, 3000, 7000, 997))
    capture.close()


def alerts(path):
    found = {}
    for line in open(path):
        e = json.loads(line)
        if e.get("event_type") == "alert":
            # As taps, Suricata tells of it by the alert's action, Sluice by the verdict's reason.
            blocked = e["alert"]["action"] == "blocked" or e.get("verdict", {}).get("reason") == "rule_would_block"
            found[(e["pcap_cnt"], e["alert"]["signature_id"])] = "drop" if blocked else "alert"
    return found


def by_suricata(folder, rules, config, capture):
    yaml = os.path.join(folder, "suricata.yaml")
    with open(yaml, "w") as f:
        f.write("%YAML 1.1\n---\noutputs:\n  - eve-log:\n      enabled: yes\n      filename: eve.json\n      types: [{alert: {verdict: yes}}]\n"
                f"threshold-file: {config}\npacket-alert-max: 255\n")
    out = os.path.join(folder, "suricata")
    os.makedirs(out, exist_ok=True)
    done = subprocess.run(["suricata", "-c", yaml, "-S", rules, "-r", capture, "-l", out, "-k", "none", "--runmode", "single",
                           "--set", "classification-file=/etc/suricata/classification.config"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"suricata failed: {done.stderr[-500:]}")
    found = alerts(os.path.join(out, "eve.json"))
    shutil.rmtree(out)
    return found


def by_sluice(sluice, folder, rules, config, capture):
    eve = os.path.join(folder, "sluice.json")
    done = subprocess.run([sluice, "replay", "--pcap", capture, "--rules", rules, "--thresholds", config, "--eve", eve],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"sluice failed: {done.stderr[-500:]}")
    return alerts(eve)


def differences(ours, theirs):
    """By signature: (packet, ours, theirs)."""
    bad = {}
    for key in sorted(set(ours) | set(theirs), key=lambda k: (k[1], k[0])):
        if ours.get(key) != theirs.get(key):
            bad.setdefault(key[1], []).append((key[0], ours.get(key), theirs.get(key)))
    return bad


def main():
    if not shutil.which("suricata"):
        print("SKIP threshold_suricata: Suricata is not installed")
        return 77
    wrong = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed, sids in [(seed, sids) for seed in range(3) for sids in groups()]:
            rules, config = write_rules(folder, sids)
            capture = os.path.join(folder, "t.pcap")
            write_capture(capture, seed)
            ours = by_sluice(os.path.abspath(sys.argv[1]), folder, rules, config, capture)
            # Suricata's housekeeping thread forgets the state of a pair or host whenever it comes by: asked again, it is right.
            for _ in range(3):
                theirs = by_suricata(folder, rules, config, capture)
                bad = differences(ours, theirs)
                if not bad:
                    break
            total += len(theirs)
            for sid, rows in bad.items():
                text = CONFIG[sid - FIRST] if sid >= FIRST else RULES[sid - 1]
                print(f"seed {seed}: {text}: {len(rows)} packets differ; packet {rows[0][0]}: sluice {rows[0][1]}, suricata {rows[0][2]}")
                wrong += len(rows)
    print(f"{total} alerts of Suricata, {wrong} differences")
    return 1 if wrong or not total else 0


sys.exit(main())
