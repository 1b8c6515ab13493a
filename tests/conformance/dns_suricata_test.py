#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DNS as Suricata sees it: the conversations of dns_cases.py through the installed Suricata and through sluice replay, the same
rules. Alerts and dns events of each must be the same, but for the cases that dns_differences.txt names with the reason; and a
case named there must really differ.

usage: dns_suricata_test.py SLUICE        exit 77 (skipped) without Suricata 7
"""
import collections
import json
import os
import sys
import tempfile

import both_programs
import dns_cases

RULES = [
    'dns.query; content:"evil.example.com"; nocase;',
    'dns.query; content:"evil.example.com"; nocase; bsize:16;',
    'dns.query; dotprefix; content:".example.com"; nocase; endswith;',
    'dns.query; content:"evil.example.com";',
    'dns_query; content:"evil.example.com"; isdataat:!1,relative;',
    'dns.query; content:"l.example.com"; endswith;',
    'dns.query; content:"good.com";',
    'dns.query; content:!"evil";',
    'dns.query; content:"good"; dns.query; content:"evil";',
    'dns.query; content:"good"; content:"evil";',
    'dns.query; pcre:"/^ev.?il/";',
    'dns.query; content:"aaaaaaaa"; bsize:>256;',
    'dns.query; bsize:1025; content:"aaaaaaaa";',
    'dns.query; content:"|ff 01 80|";',
    'dns.query; content:"ev|00|il";',
    'dns.query; content:"a.a.a.a.a.a";',
    'dns.query; to_lowercase; content:"evil.example.com"; endswith;',
    "dns.opcode:0;",
    "dns.opcode:!0;",
    "dns.opcode:5;",
    'dns.query; content:"evil"; dns.opcode:0;',
    "flow:to_client; dns.opcode:0;",
    'flow:to_server; content:"payload";',
]
CONFIG = """
[dataplane]
mode = "tap"
[[segment]]
name = "none"
ports = ["af_xdp:a", "af_xdp:b"]
[events]
dns = true
"""


def write_rules(path):
    with open(path, "w") as f:
        for sid, options in enumerate(RULES, 1):
            f.write(f'alert dns any any -> any any (msg:"{sid}"; {options} sid:{sid};)\n')
        f.write(f'alert udp any any -> any any (msg:"u"; dns.query; content:"evil"; sid:{len(RULES) + 1};)\n')
        f.write(f'alert tcp any any -> any any (msg:"t"; dns.query; content:"evil"; sid:{len(RULES) + 2};)\n')


def read_events(path, names):
    """name of the case -> what was seen, each with its count."""
    seen = collections.defaultdict(collections.Counter)
    for line in open(path):
        e = json.loads(line)
        case = names.get(e.get("src_ip")) or names.get(e.get("dest_ip"))
        if e["event_type"] == "alert":
            seen[case]["alert %d %s" % (e["alert"]["signature_id"], "up" if e["src_ip"] in names else "down")] += 1
        elif e["event_type"] == "dns":
            seen[case]["dns " + json.dumps(e["dns"], sort_keys=True)] += 1
    return seen


def run_both(sluice, suricata, scratch):
    pcap, rules, config = (os.path.join(scratch, n) for n in ("all.pcap", "all.rules", "sluice.toml"))
    names = dns_cases.write_all(pcap)
    write_rules(rules)
    open(config, "w").write(CONFIG)
    theirs, ours = both_programs.run(sluice, suricata, scratch, pcap, rules, ours_too=["--config", config])
    return read_events(theirs, names), read_events(ours, names)


def main():
    suricata = both_programs.suricata_7()
    if suricata is None:
        print("SKIP dns_suricata: Suricata 7 is not installed")
        return 77
    known = both_programs.named_differences("dns_differences.txt")
    with tempfile.TemporaryDirectory() as scratch:
        theirs, ours = run_both(os.path.abspath(sys.argv[1]), suricata, scratch)
    bad, agree = [], 0
    for what in dns_cases.cases():
        same = theirs[what] == ours[what]
        agree += same
        if same and what in known:
            bad.append(f"{what} agrees now: take it out of dns_differences.txt")
        if not same and what not in known:
            bad.append(f"{what}\n  only Suricata: {sorted((theirs[what] - ours[what]).items())}\n  only Sluice: {sorted((ours[what] - theirs[what]).items())}")
    print(f"{agree} of {len(dns_cases.cases())} conversations agree, {len(known)} known differences")
    print("\n".join(bad))
    return 1 if bad or not agree else 0


sys.exit(main())
