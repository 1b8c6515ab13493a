#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_fuzz.sh PROGRAM SEEDS SECONDS [MORE FLAGS]: fuzz from a scratch copy of the seeds, so that the tree stays clean.
set -eu
program=$1 seeds=$2 seconds=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="${FUZZ_ARTIFACTS:-./}" "$@" "$scratch" "$seeds"
