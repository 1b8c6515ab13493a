#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Docs that name what is there: every folder of code has a README.md of at most a page, and every path that the root
documents put in backquotes exists. usage: check_docs.py; exit 1 and one line a problem."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
TOPS = ("dataplane", "signatures", "control", "platform", "tools", "tests", "images")
PAGE_LINES = 80


def folders_without_readme():
    for top in TOPS:
        for folder, names, files in os.walk(os.path.join(ROOT, top)):
            names[:] = [n for n in names if n not in ("corpus", "regress", "__pycache__", "unit")]
            if any(f.endswith((".cc", ".h")) for f in files):
                path = os.path.relpath(folder, ROOT)
                readme = os.path.join(folder, "README.md")
                if not os.path.exists(readme):
                    yield f"{path}: has code and no README.md"
                elif sum(1 for _ in open(readme)) > PAGE_LINES:
                    yield f"{path}/README.md: over {PAGE_LINES} lines; a README is a page"


def dead_paths():
    for page in PAGES:
        for number, line in enumerate(open(os.path.join(ROOT, page)), 1):
            for name in re.findall(r"`((?:%s)/[A-Za-z0-9_./-]+)`" % "|".join(TOPS), line):
                if not os.path.exists(os.path.join(ROOT, name)):
                    yield f"{page}:{number}: `{name}` does not exist"


problems = list(folders_without_readme()) + list(dead_paths())
print("\n".join(problems) if problems else "docs name what is there")
sys.exit(1 if problems else 0)
