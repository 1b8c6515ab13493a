#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom (CONTRIBUTING.md, "Layers"). Run as a ctest; an unknown folder is a failure.

usage: check_layers.py [ROOT]      exit 1 and one line a violation: file:line: what, and what is allowed
"""
import os
import re
import sys

# folder -> folders whose headers it may include (its own always). Longest matching folder wins.
DATA_TYPES = ["dataplane/flow/flow.h", "dataplane/stream/stream_chunk.h", "dataplane/app/buffers.h", "dataplane/detect/match.h"]
BASE = ["dataplane/base"]
PACKET = BASE + ["dataplane/packet"]
STAGE = PACKET + DATA_TYPES
PIPELINE = ["dataplane/decode", "dataplane/defrag", "dataplane/flow", "dataplane/stream", "dataplane/app", "dataplane/detect", "dataplane/verdict",
            "dataplane/pipeline", "dataplane/abi", "signatures/bundle/model.h"] + PACKET
ALLOWED = {
    "dataplane/base": [],
    "dataplane/abi": BASE,
    "dataplane/packet": BASE,
    "dataplane/decode": PACKET,
    "dataplane/defrag": PACKET,
    "dataplane/flow": PACKET,
    "dataplane/stream": STAGE,
    "dataplane/app": STAGE,
    "dataplane/detect": STAGE + ["signatures/bundle/model.h"],
    "dataplane/verdict": STAGE + ["dataplane/abi", "signatures/bundle/model.h"],
    # Events carry DNS messages as they were sent.
    "dataplane/export": PACKET + ["dataplane/abi", "dataplane/app/dns_message.h", "signatures/bundle/model.h"],
    "dataplane/pipeline": PIPELINE,
    "dataplane/io": PACKET,
    "dataplane/io/memory": PACKET + ["dataplane/io/packet_io.h"],
    "dataplane/io/pcap": PACKET + ["dataplane/io/packet_io.h"],
    "dataplane/io/dpdk": PACKET + ["dataplane/io/packet_io.h"],
    # The worker is the composition point: pipeline, one backend, exporter, bundle reader.
    "dataplane/worker": PIPELINE + ["dataplane/site", "dataplane/io/packet_io.h", "dataplane/io/dpdk", "dataplane/export", "signatures/bundle", "signatures/compile/threshold_file.h",
                         "control/config", "platform"],
    "dataplane/site": PIPELINE + ["control/config"],
    "dataplane": ["dataplane/site"] + PIPELINE + ["dataplane/io", "dataplane/worker", "dataplane/export", "signatures/bundle", "control/config", "control/rpc", "platform"],
    "signatures/lang": BASE,
    "signatures/bundle": BASE,
    "signatures/guidance": BASE + ["signatures/lang"],
    "signatures/compile": BASE + ["signatures/lang", "signatures/bundle", "signatures/guidance"],
    "control/config": BASE + ["dataplane/packet/exception.h"],
    "control": BASE + ["dataplane/abi", "signatures/bundle", "signatures/compile", "platform"],
    "platform": BASE,
}
ANYTHING = ("tests", "tools")

# library header -> the only places that may include it
LIBRARIES = [
    (r"^rte_", ["dataplane/io/dpdk", "dataplane/worker/telemetry", "tests/unit/io/dpdk"]),
    (r"^(hs/)?hs(_compile)?\.h$", ["signatures/compile", "tests", "tools"]),
    (r"^(hs/)?hs_runtime\.h$", ["dataplane/detect/prefilter", "dataplane/detect", "tests"]),
    (r"^toml\+\+/", ["control/config", "signatures/guidance"]),
    (r"^sodium", ["signatures/bundle", "tools/sluice", "tests"]),
    (r"^pcap", ["dataplane/io/pcap", "tests"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')


def folder_rule(path):
    folder = os.path.dirname(path)
    while folder:
        if folder in ALLOWED:
            return folder
        folder = os.path.dirname(folder)
    return None


def may_include(path, target):
    folder = folder_rule(path)
    if os.path.dirname(target) == os.path.dirname(path) or target.startswith(folder + "/"):
        return True
    return any(target == a or target.startswith(a.rstrip("/") + "/") for a in ALLOWED[folder])


def check_file(root, path):
    problems = []
    free = path.startswith(ANYTHING)
    if not free and folder_rule(path) is None:
        return [f"{path}:1: unknown folder: add a row to ALLOWED in tools/check_layers.py"]
    with open(os.path.join(root, path), errors="replace") as f:
        for number, line in enumerate(f, 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            target = m.group(2)
            if m.group(1) == '"' and not free:
                if target.startswith(("tests/", "tools/")):
                    problems.append(f"{path}:{number}: includes {target}: nothing may include tests or tools")
                elif "/" in target and os.path.exists(os.path.join(root, target)) and not may_include(path, target):
                    allowed = ", ".join(ALLOWED[folder_rule(path)]) or "nothing of ours"
                    problems.append(f"{path}:{number}: includes {target}; {folder_rule(path)} may include {allowed}")
            for pattern, places in LIBRARIES:
                if re.search(pattern, target) and not any(path.startswith(p) for p in places):
                    problems.append(f"{path}:{number}: includes <{target}>; only {', '.join(places)} may")
    return problems


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    problems, count = [], 0
    for top in ("dataplane", "signatures", "control", "platform", "tools", "tests"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for name in sorted(files):
                if name.endswith((".h", ".cc", ".inc")):
                    count += 1
                    problems += check_file(root, os.path.relpath(os.path.join(folder, name), root))
    print("\n".join(problems) if problems else f"{count} files keep the layers")
    return 1 if problems or not count else 0


sys.exit(main())
