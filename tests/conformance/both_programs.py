# SPDX-License-Identifier: Apache-2.0
"""What the tests share that play generated conversations to Suricata and to sluice replay: the installed Suricata, a run of both, and the
tables of named differences."""

import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def suricata_7():
    """Path of the installed Suricata 7, or None: the deviations that are named are from that version."""
    suricata = shutil.which("suricata")
    version = subprocess.run([suricata, "-V"], capture_output=True, text=True).stdout if suricata else ""
    return suricata if " 7." in version else None


def run(sluice, suricata, scratch, pcap, rules, theirs_too=(), ours_too=()):
    """Both over one capture with the same rules, as a tap; their eve.json and ours. '..._too': further arguments."""
    theirs, ours = os.path.join(scratch, "suricata"), os.path.join(scratch, "eve.json")
    os.mkdir(theirs)
    subprocess.run([suricata, "-r", pcap, "-S", rules, "-l", theirs, "-k", "none", *theirs_too], check=True, capture_output=True, timeout=300)
    subprocess.run([sluice, "replay", "--pcap", pcap, "--rules", rules, "--mode", "tap", "--eve", ours, "--strict", *ours_too],
                   check=True, capture_output=True, timeout=300)
    return os.path.join(theirs, "eve.json"), ours


def named_differences(name):
    """The columns before the last of each line (one: as it is; more: a tuple) -> the last, which says why."""
    known = {}
    for line in open(os.path.join(HERE, name)):
        if line.strip() and not line.startswith("#"):
            *key, why = line.rstrip("\n").split("\t")
            known[key[0] if len(key) == 1 else tuple(key)] = why
    return known
