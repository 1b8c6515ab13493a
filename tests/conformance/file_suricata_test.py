#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files in HTTP, mails and FTP: the conversations of file_cases.py through the installed Suricata and through sluice replay, with rules over names and
bytes of files. Each rule must alert in the same conversations, but for what file_differences.txt names with the reason; and what is
named there must really differ. A conversation that is only cut otherwise ("name/13") must alert in Sluice as the whole one does, and
differs from Suricata where the whole one may, or where Suricata contradicts itself.

usage: file_suricata_test.py SLUICE        exit 77 (skipped) without Suricata 7
"""
import collections
import json
import os
import sys
import tempfile

import both_programs
import dns_cases
import file_cases

RULES = [
    'flow:to_server; file.data; content:"EVIL-ONE";',
    'flow:to_server; file.data; content:"EVIL-TWO";',
    'flow:to_server; file.data; content:"EVIL-FIELD";',
    'flow:to_server; file.data; content:"EVIL-ONE"; startswith; endswith;',
    'flow:to_server; file.data; content:"EVIL-TWO|0d 0a|line|0d 0a|"; startswith; endswith;',
    'flow:to_server; http.request_body; content:"EVIL-ONE";',
    'flow:to_server; http.request_body; content:"Content-Disposition";',
    'flow:to_server; filename:"ONE.exe";',
    'flow:to_server; filename:"two.txt";',
    'flow:to_server; fileext:"exe";',
    'flow:to_server; fileext:"php";',
    'flow:to_server; fileext:"txt";',
    'flow:to_server; filename:"on|5c 22|e";',
    'flow:to_server; filename:"a|3b|one.exe";',
    'flow:to_server; file.name; content:"one.exe"; startswith; endswith;',
    'flow:to_server; file.name; content:"/up/load.php"; startswith; endswith;',
    'flow:to_server; file.name; content:"/a/b c/one.exe"; startswith; endswith;',
    'flow:to_server; file.name; content:"/d/one.exe"; startswith; endswith;',
    'flow:to_server; file.name; content:"/d/one?.exe"; startswith; endswith;',
    'flow:to_server; file.name; content:"/"; bsize:1;',
    'flow:to_server; http.method; content:"POST"; http.uri; content:"load.php"; filename:"one"; file.data; content:"EVIL-ONE";',
    'flow:to_server; http.method; content:"POST"; filename:"nothing";',
    'flow:to_server; filename:"one"; fileext:"exe";',
    'flow:to_client; filename:"one.exe";',
    'flow:to_client; filename:"two.txt";',
    'flow:to_client; file.name; content:"/d/one.exe"; startswith; endswith;',
    'flow:to_client; file.name; content:"/up/load.php"; startswith; endswith;',
    'flow:to_client; file.name; content:"two.txt"; startswith; endswith;',
    'flow:to_client; file.data; content:"EVIL-ONE"; filename:"one.exe";',
    'file.name; content:"one.exe";',
]


def all_cases():
    return {what: [(80, items)] for what, items in file_cases.cases().items()} | file_cases.others()


def write_rules(path):
    with open(path, "w") as f:
        for sid, options in enumerate(RULES, 1):
            proto = "http" if "http." in options else "tcp"
            f.write(f'alert {proto} any any -> any any (msg:"{sid}"; {options} sid:{sid};)\n')


def write_capture(path):
    capture, names = dns_cases.Capture(), {}
    for i, (what, connections) in enumerate(all_cases().items()):
        client = bytes([10, 1, i // 250, 1 + i % 250])
        for k, (port, items) in enumerate(connections):
            # Who sends a file by FTP closes its connection.
            closer = items[-1][0] if k else "q"
            capture.tcp(((client, 40000 + 2 * i + k), (bytes([10, 2, 0, 80]), port)), port, items, closer)
        names[".".join(map(str, client))] = what
    capture.write(path)
    return names


def alerts(path, cases):
    """name of the case -> rules that alerted."""
    seen = collections.defaultdict(set)
    for line in open(path):
        e = json.loads(line)
        if e["event_type"] == "alert":
            seen[cases.get(e["src_ip"]) or cases.get(e["dest_ip"])].add(RULES[e["alert"]["signature_id"] - 1])
    return seen


def run_both(sluice, suricata, scratch):
    pcap, rules = os.path.join(scratch, "all.pcap"), os.path.join(scratch, "all.rules")
    write_rules(rules)
    cases = write_capture(pcap)
    theirs, ours = both_programs.run(sluice, suricata, scratch, pcap, rules, theirs_too=["--runmode", "single"])
    return alerts(theirs, cases), alerts(ours, cases)


def compare(theirs, ours):
    """What is wrong, how many conversations agree, the known differences that were met."""
    known, met, bad, agree = both_programs.named_differences("file_differences.txt"), set(), [], 0
    for case in all_cases():
        whole = case.partition("/")[0]
        bad += [f"{case}: cut otherwise, Sluice says otherwise: {r}" for r in ours[case] ^ ours[whole]]
        agree += ours[case] == theirs[case]
        if ours[case] == theirs[case] or theirs[case] != theirs[whole]:
            continue
        met.add(whole)
        if whole not in known:
            bad += [f"{case}: only Suricata: {r}" for r in theirs[case] - ours[case]]
            bad += [f"{case}: only Sluice: {r}" for r in ours[case] - theirs[case]]
    bad += [f"{case}: agrees now: take it out of file_differences.txt" for case in known.keys() - met]
    return bad, agree, len(known)


def main():
    suricata = both_programs.suricata_7()
    if suricata is None:
        print("SKIP file_suricata: Suricata 7 is not installed")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        theirs, ours = run_both(os.path.abspath(sys.argv[1]), suricata, scratch)
    bad, agree, known = compare(theirs, ours)
    print(f"{agree} of {len(all_cases())} conversations agree, {known} known differences")
    print("\n".join(bad))
    return 1 if bad or not agree else 0


if __name__ == "__main__":
    sys.exit(main())
