# SPDX-License-Identifier: Apache-2.0
# A client, a box and a server in network namespaces of their own, joined by veth pairs: what tools/demo and tests/e2e run
# Sluice in. Source it from bash (set -euo pipefail) after tools/lib.sh. Everything is named after this process, nothing
# outside is touched, and all of it is gone when the shell ends, however it ends.
#   netlab_init NAME     names and a work directory; arms the clean-up
#   netlab_up            namespaces c0 -- p0, p1 -- s0; client 10.93.0.1, server 10.93.0.2
#   on NAMESPACE COMMAND...     fetch CURL-ARGUMENTS...     start_web     start_dataplane     ask SUBCOMMAND...     end PID

server_ip=10.93.0.2
work= dataplane= web= background=()

netlab_init() {
    client=sluice-$1-client-$$ box=sluice-$1-box-$$ server=sluice-$1-server-$$
    trap netlab_cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    work=$(mktemp -d "/tmp/sluice-$1.XXXXXX")
    chmod 755 "$work"
    mkdir "$work/www" "$work/run" "$work/nginx"
}

on() { local namespace=$1; shift; ip netns exec "$namespace" "$@"; }

fetch() { on "$client" curl --silent --show-error --max-time 20 "$@"; }

# end PID: a child of ours, asked to stop; killed when it has not after five seconds. Sets end_status.
end() {
    end_status=0
    [ -n "$1" ] || return 0
    kill -TERM "$1" 2>/dev/null || true
    local i
    for i in $(seq 50); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || end_status=$?
}

netlab_cleanup() {
    local code=$? namespace pid
    trap '' INT TERM HUP
    trap - EXIT
    set +e
    for pid in "${background[@]}" "$web" "$dataplane"; do end "$pid"; done
    for namespace in "$client" "$box" "$server"; do
        [ -e "/run/netns/$namespace" ] || continue
        for pid in $(ip netns pids "$namespace"); do kill -KILL "$pid"; done  # whatever is in there is ours
        ip netns del "$namespace"
    done
    if [ -n "$work" ]; then rm -rf "$work"; fi
    exit "$code"
}

netlab_up() {
    local namespace
    for namespace in "$client" "$box" "$server"; do ip netns add "$namespace" || return; done
    ip link add c0 netns "$client" type veth peer name p0 netns "$box" || return
    ip link add s0 netns "$server" type veth peer name p1 netns "$box" || return
    ip -n "$client" addr add 10.93.0.1/24 dev c0
    ip -n "$server" addr add "$server_ip/24" dev s0
    ip -n "$client" link set lo up; ip -n "$server" link set lo up
    ip -n "$client" link set c0 up; ip -n "$server" link set s0 up
    ip -n "$box" link set p0 up; ip -n "$box" link set p1 up
    # A veth leaves checksums to a network card that is not there; these ends must fill them in themselves.
    on "$client" ethtool -K c0 tx off && on "$server" ethtool -K s0 tx off && wait_carrier
}

# Until both ports of the box have their link, three seconds at most.
wait_carrier() {
    local i
    for i in $(seq 30); do
        [ "$(ip -n "$box" -oneline link show up | grep -c 'state UP')" = 2 ] && return 0
        sleep 0.1
    done
    return 1
}

# nginx over $work/www; its log of requests is $work/nginx/access.log.
start_web() {
    cat >"$work/nginx/nginx.conf" <<CONF
user root; worker_processes 1; daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log;
events { worker_connections 512; }
http {
    access_log $work/nginx/access.log; sendfile on; keepalive_timeout 3600;
    client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi; scgi_temp_path $work/nginx/scgi;
    server { listen $server_ip:80; root $work/www; location = /post { return 200 "taken\n"; } }
}
CONF
    # `ip netns exec` itself in the background, not through on(): only then is \$! the program's own process id.
    ip netns exec "$server" nginx -e "$work/nginx/error.log" -p "$work/nginx" -c "$work/nginx/nginx.conf" >"$work/nginx/out.log" 2>&1 &
    web=$!
    local i
    for i in $(seq 50); do
        [ -s "$work/nginx/pid" ] && return 0
        sleep 0.1
    done
    return 1
}

# sluice-dataplane with $work/sluice.toml in the box; waits until it answers. Its log is $work/dataplane.log.
start_dataplane() {
    ip netns exec "$box" "$bin/sluice-dataplane" --config "$work/sluice.toml" >>"$work/dataplane.log" 2>&1 &
    dataplane=$!
    local i
    for i in $(seq 100); do
        if ask status >"$work/status" 2>/dev/null; then return 0; fi
        kill -0 "$dataplane" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

stop_dataplane() {
    end "$dataplane"
    dataplane=
    return "$end_status"
}

ask() { "$bin/sluice" "$@" --socket "$work/run/control.sock"; }
