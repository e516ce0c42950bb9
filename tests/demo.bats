#!/usr/bin/env bats
# make demo as a visitor sees it: without a terminal, and on one. Run by "make check-full", outside of
# any throwaway host, since each demo makes its own.
# shellcheck shell=bash

# A demo is made of many steps.
export SCREEN_TURNS=3000
load integration/lib/screen

setup() {
    cd "$BATS_TEST_DIRNAME/.." || return
    mounts >"$BATS_TEST_TMPDIR/mounts"
}

teardown() {
    close_screen
}

mounts() {
    cut -d ' ' -f 3- /proc/self/mountinfo | sort
}

# host_of PID: the process of the throwaway-host tool below that process.
host_of() {
    local child
    for child in $(pgrep -P "$1"); do
        if tr '\0' ' ' <"/proc/$child/cmdline" | grep -q 'tests/throwaway-host '; then
            echo "$child"
            return
        fi
        host_of "$child" && return
    done
    return 1
}

# namespace_of PID: the pid namespace of the host that this tool made.
namespace_of() {
    local unshare
    unshare=$(pgrep -P "$1" -x unshare)
    readlink "/proc/$(pgrep -P "$unshare" | head -n 1)/ns/pid"
}

# nothing_left TOOL NAMESPACE: no process of the host, no cgroup, no mount.
nothing_left() {
    local left
    left=$(readlink /proc/[0-9]*/ns/pid 2>/dev/null | grep -cxF "$2" || true)
    [ "$left" -eq 0 ]
    [ -z "$(find /sys/fs/cgroup -name "throwaway-host.$1.*" 2>/dev/null)" ]
    mounts | diff "$BATS_TEST_TMPDIR/mounts" -
}

# begin_watching PID: waits for the host below that process and remembers it in TOOL and NAMESPACE.
begin_watching() {
    await host_of "$1"
    TOOL=$(host_of "$1")
    await namespace_of "$TOOL"
    NAMESPACE=$(namespace_of "$TOOL")
    # The control: both are there now.
    readlink /proc/[0-9]*/ns/pid 2>/dev/null | grep -qxF "$NAMESPACE"
    [ -n "$(find /sys/fs/cgroup -name "throwaway-host.$TOOL.*" 2>/dev/null)" ]
}

@test "without a terminal a script shows the tour, and nothing is left" {
    make demo </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    local demo=$! status=0
    begin_watching "$demo"
    wait "$demo" || status=$?
    tail -n 30 "$BATS_TEST_TMPDIR/out"
    [ "$status" -eq 0 ]
    grep -q 'changed by alice' "$BATS_TEST_TMPDIR/out"
    grep -q 'No such file' "$BATS_TEST_TMPDIR/out"
    grep -q 'The tour is over' "$BATS_TEST_TMPDIR/out"
    tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -q 'The host is gone'
    nothing_left "$TOOL" "$NAMESPACE"
}

@test "on a terminal the visitor is alice: the menu, a machine, logout, and nothing is left" {
    open_screen 80 40
    type_line 'make demo; echo "ended $?"'
    begin_watching "$(screen display-message -p -t lab '#{pane_pid}')"
    see 'firewall +0 of 3 run +A firewall'
    keys Enter
    see $'\n router +off'
    keys s
    see $'\n router +running'
    keys q
    see 'firewall +1 of 3 run'
    keys q
    see 'The host is gone'
    see 'ended 0'
    nothing_left "$TOOL" "$NAMESPACE"
}

@test "interrupted while it is set up, it is taken down, too" {
    open_screen
    type_line 'make demo'
    begin_watching "$(screen display-message -p -t lab '#{pane_pid}')"
    keys C-c
    # An interactive bash goes no further in a line of which a part was interrupted.
    see $'\nseat\\$$'
    nothing_left "$TOOL" "$NAMESPACE"
}
