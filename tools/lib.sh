# SPDX-License-Identifier: Apache-2.0
# Shared by tools/demo and tools/test (and later the image): install what is missing, build with progress. Source it from bash
# after setting SLUICE_ROOT. Prints progress on a terminal only.

# say TEXT: one line for people.
say() { printf '%s\n' "$*"; }

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# run_quietly LABEL COMMAND...: output goes to a log, shown only when the command fails; a spinner line on a terminal.
run_quietly() {
    local label=$1 log pid started=$SECONDS
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if [ -t 1 ]; then printf '\r\033[K%s ... %ds %s' "$label" $((SECONDS - started)) "$(tail -c 60 "$log" | tr -d '\r\n' | tr -cd '[:print:]')"; fi
        sleep 0.2
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
    if ! wait "$pid"; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        die "$label failed; the lines above say why"
    fi
    rm -f "$log"
    say "$label: done in $((SECONDS - started)) s"
}

# install_packages GROUP...: the packages of these groups in tools/packages.txt that are missing; needs root only then. RUNLEVEL=1: no service is started (nginx would take port 80).
install_packages() {
    local missing=() group package pattern
    pattern=$(printf '%s|' "$@")
    while read -r group package; do
        case $group in '' | '#'*) continue ;; esac
        [[ $group =~ ^(${pattern%|})$ ]] || continue
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done <"$SLUICE_ROOT/tools/packages.txt"
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "these packages are missing: ${missing[*]}; run it once with sudo"
    run_quietly "package list" apt-get update
    run_quietly "installing ${#missing[@]} packages" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends "${missing[@]}"
}

# build_preset PRESET [TARGET...]: configure when needed, build; everything when no target is named.
build_preset() {
    local preset=$1
    shift
    (cd "$SLUICE_ROOT" && run_quietly "configure $preset" cmake --preset "$preset") || exit 1
    if [ $# -gt 0 ]; then set -- --target "$@"; fi
    (cd "$SLUICE_ROOT" && run_quietly "build $preset" cmake --build "build/$preset" "$@") || exit 1
}
