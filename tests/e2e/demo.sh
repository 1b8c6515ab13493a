#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/demo passes; interrupted at any time it leaves no namespace, process or directory behind.
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d /tmp/sluice-e2e.XXXXXX)
trap 'rm -rf "$work"' EXIT

# The demo's own signals must reach it: bash starts background jobs with SIGINT ignored, python gives it back.
cat >"$work/interrupt.py" <<'PYTHON'
import signal, subprocess, sys, time
number, delay, demo, programs = getattr(signal, "SIG" + sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
child = subprocess.Popen([demo, "--bin", programs], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(delay)
child.send_signal(number)
print(child.pid, child.wait(timeout=30))
# Killed before the traps were set: then nothing had been made yet.
sys.exit(0 if child.returncode in (128 + number, -number) else 1)
PYTHON

nothing_left() {
    local pid=$1 left=0
    ! ip netns list | grep -- "-$pid\b" || left=1
    ! pgrep -af "sluice-demo.*-$pid" || left=1
    return $left
}

check "the demo passes" "$SLUICE_ROOT/tools/demo" --bin "$bin"
for run in "INT 0.5" "TERM 1.5" "HUP 3" "INT 5"; do
    read -r name delay <<<"$run"
    check "SIG$name after $delay s ends it" python3 "$work/interrupt.py" "$name" "$delay" "$SLUICE_ROOT/tools/demo" "$bin"
    read -r pid _ <"$work/check.log"
    check "nothing is left" nothing_left "$pid"
done
say "PASSED $test_name"
