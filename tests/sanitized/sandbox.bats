#!/usr/bin/env bats
# A host whose programs were built with the sanitizers (make check-sanitized): each is confined as any
# other build, and what a sanitizer finds in any of them is known, whatever the process may do.
# shellcheck shell=bash
load ../integration/lib/common

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice
    as alice start firewall/web
}

teardown_file() {
    tests/throwaway-host service start libvirtd 2>/dev/null || true
    xwadm destroy firewall --user alice --yes --force
}

field() {
    sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '
}

keeper() {
    cat /run/throwaway/keeper.pid
}

# A console of alice's in the background, and its end.
open_console() {
    rm -f "$BATS_TEST_TMPDIR/keys"
    mkfifo "$BATS_TEST_TMPDIR/keys"
    ssh -F /run/throwaway/ssh_config -tt alice@lab console firewall/web \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q Connected "$BATS_TEST_TMPDIR/screen"
}

leave_console() {
    printf '\x1d' >&9
    exec 9>&-
    wait_for gone xwsh
    wait_for gone xwrelay
}

# gone NAME: there is no such process.
gone() {
    ! pgrep -x "$1" >/dev/null
}

# child_as USER: the one process of the keeper's that has this user.
child_as() {
    pgrep -x -P "$(keeper)" -u "$1" xwkeeper
}

confined() {
    echo "# $1: $(field "$1" Name), seccomp $(field "$1" Seccomp)"
    [ "$(field "$1" Seccomp)" = 2 ]
    [ "$(field "$1" NoNewPrivs)" = 1 ]
    grep -q libasan "/proc/$1/maps"
}

# While libvirtd is stopped, requests wait for it.
while_libvirtd_hangs() {
    local status=0
    kill -STOP "$(cat /run/throwaway/libvirtd.pid)"
    "$@" || status=$?
    kill -CONT "$(cat /run/throwaway/libvirtd.pid)"
    return "$status"
}

children_are_confined() {
    as alice list >/dev/null 2>&1 3>&- &
    as alice stop firewall/client --force >/dev/null 2>&1 3>&- &
    wait_for child_as xwread >/dev/null
    wait_for child_as root >/dev/null
    confined "$(child_as xwread)"
    confined "$(child_as root)"
}

# T-J6
@test "listener, reader, keeper child, gate and relay have their filters in a build with sanitizers" {
    confined "$(keeper)"
    while_libvirtd_hangs children_are_confined
    wait_for gone xwhelper
    open_console
    confined "$(pgrep -x xwhelper)"
    confined "$(pgrep -x xwrelay)"
    leave_console
}

# T-J6
@test "Landlock is in force in each of them, where the kernel has it" {
    local trace=$BATS_TEST_TMPDIR/trace pid
    strace -f -qq -o "$trace" -e trace=landlock_restrict_self,execve -p "$(keeper)" 3>&- &
    pid=$!
    wait_for grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$(keeper)/status"
    as alice list
    as alice stop firewall/client --force
    open_console
    leave_console
    kill -INT "$pid"
    wait "$pid" || true
    cat "$trace"
    refute grep -E 'landlock_restrict_self\(.*= -' "$trace"
    # The reader's, the stopping child's, the console's, and after execve the relay's own.
    [ "$(grep -c 'landlock_restrict_self(.* = 0' "$trace")" -eq 4 ]
    grep -A 9 '/xwrelay"' "$trace" | grep -q 'landlock_restrict_self(.* = 0'
    strace -f -qq -u alice -o "$trace" -e trace=landlock_restrict_self /usr/local/bin/xwsh -c list
    [ "$(grep -c 'landlock_restrict_self(.* = 0' "$trace")" -eq 1 ]
}

reports() {
    tail -c +5 /run/throwaway/sanitizer | tr -d '\0'
}

# struck NAME PID: an error that the sanitizer takes for the program's own, and its report.
struck() {
    kill -SEGV "$2"
    wait_for reported "$1" "$2"
    dd if=/dev/zero of=/run/throwaway/sanitizer bs=64k count=1 conv=notrunc status=none
}

ended() {
    [[ ! -e /proc/$1 || $(cut -d ' ' -f 3 "/proc/$1/stat") == [ZX] ]]
}

# The line that is written first; a confined process may be killed while the runtime prints the rest.
reported() {
    reports | grep -qF "$1[$2]: "
}

children_are_struck() {
    as alice list >/dev/null 2>&1 3>&- &
    wait_for child_as xwread >/dev/null
    struck xwkeeper "$(child_as xwread)"
    as alice stop firewall/client --force >/dev/null 2>&1 3>&- &
    wait_for child_as root >/dev/null
    struck xwkeeper "$(child_as root)"
    xwadm status firewall >/dev/null 2>&1 3>&- &
    wait_for pgrep -x xwadm >/dev/null
    struck xwadm "$(pgrep -x xwadm)"
}

# T-J6
@test "what a sanitizer finds in any process, confined or not, is reported to the suite" {
    local part
    [ "$(reports)" = "" ]
    while_libvirtd_hangs children_are_struck
    for part in xwrelay xwhelper xwsh; do
        open_console
        struck "$part" "$(pgrep -x "$part")"
        exec 9>&-
        wait_for gone xwsh
        wait_for gone xwrelay
    done
    part=$(keeper)
    struck xwkeeper "$part"
    # What is reported first is not yet gone.
    wait_for ended "$part"
    tests/throwaway-host service start keeper
    as alice list
    [ "$(reports)" = "" ]
}
