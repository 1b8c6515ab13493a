#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What follows STARTTLS and its like: the conversations of change_cases.py through the installed Suricata and through sluice replay,
with rules for the events of an unexpected protocol and for what was recognised. Odd ClientHellos as well, with their events. The alerts of each conversation must be the same, but
for what change_differences.txt names with the reason; and what is named there must really differ. Events of protocol detection count once
(Suricata repeats them with every packet).

usage: change_suricata_test.py SLUICE        exit 77 (skipped) without Suricata 7
"""
import collections
import json
import os
import sys
import tempfile

import both_programs
import change_cases
import dns_cases

RULES = [
    "ip - app-layer-event:applayer_unexpected_protocol;",
    "ip - app-layer-event:applayer_no_tls_after_starttls;",
    "http - app-layer-event:http.failed_protocol_change;",
    'http - http.uri; content:"/inside";',
    'http - http.stat_code; content:"200"; ',
    'tls - tls.sni; content:"inside.example"; bsize:14;',
    'ssh - ssh.software; content:"inside";',
    "smtp - app-layer-event:smtp.failed_protocol_change;",
    "smtp - app-layer-event:smtp.tls_rejected;",
    "smtp - app-layer-event:smtp.invalid_pipelined_sequence;",
    "tls - app-layer-event:tls.invalid_sni_type;",
    "tls - app-layer-event:tls.invalid_sni_length;",
    "tls - app-layer-event:tls.multiple_sni_extensions;",
]


def write_rules(path):
    with open(path, "w") as f:
        for sid, rule in enumerate(RULES, 1):
            proto, options = rule.split(" - ")
            f.write(f'alert {proto} any any -> any any (msg:"{sid}"; {options} sid:{sid};)\n')


def write_capture(path):
    capture, names = dns_cases.Capture(), {}
    for i, (what, (port, items)) in enumerate(change_cases.cases().items()):
        client = bytes([10, 1, i // 250, 1 + i % 250])
        capture.tcp(((client, 40000 + i), (bytes([10, 2, 0, 80]), port)), port, items)
        names[".".join(map(str, client))] = what
    capture.write(path)
    return names


def alerts(path, cases):
    """name of the case -> rules that alerted, and how often."""
    seen = collections.defaultdict(collections.Counter)
    for line in open(path):
        e = json.loads(line)
        if e["event_type"] == "alert":
            case, rule = cases.get(e["src_ip"]) or cases.get(e["dest_ip"]), RULES[e["alert"]["signature_id"] - 1]
            seen[case][rule] = 1 if "applayer_" in rule else seen[case][rule] + 1
    return seen


def run_both(sluice, suricata, scratch):
    pcap, rules = os.path.join(scratch, "all.pcap"), os.path.join(scratch, "all.rules")
    write_rules(rules)
    cases = write_capture(pcap)
    theirs, ours = both_programs.run(sluice, suricata, scratch, pcap, rules, theirs_too=["--runmode", "single"])
    return alerts(theirs, cases), alerts(ours, cases)


def main():
    suricata = both_programs.suricata_7()
    if suricata is None:
        print("SKIP change_suricata: Suricata 7 is not installed")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        theirs, ours = run_both(os.path.abspath(sys.argv[1]), suricata, scratch)
    known, met, bad, agree = both_programs.named_differences("change_differences.txt"), set(), [], 0
    for case in change_cases.cases():
        differences = [("Suricata", r) for r in (theirs[case] - ours[case]).elements()]
        differences += [("Sluice", r) for r in (ours[case] - theirs[case]).elements()]
        agree += not differences
        for side, rule in differences:
            keys = {(case, rule), (case, "*")} & known.keys()
            met |= keys
            if not keys:
                bad.append(f"{case}: only {side}: {rule}")
    bad += [f"{case}\t{rule}: agrees now: take it out of change_differences.txt" for case, rule in known.keys() - met]
    print(f"{agree} of {len(change_cases.cases())} conversations agree, {len(known)} known differences")
    print("\n".join(bad))
    return 1 if bad or not agree else 0


if __name__ == "__main__":
    sys.exit(main())
