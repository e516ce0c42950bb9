#!/usr/bin/env bats
# The four parts of the helper as they run: who they are, what they may do, what they have mapped.
# shellcheck shell=bash

as() {
    local user=$1
    shift
    ssh -F /run/throwaway/ssh_config "$user@lab" "$@"
}

# wait_for COMMAND...: until it succeeds, for at most 10 s.
wait_for() {
    local i
    for ((i = 0; i < 200; i++)); do
        "$@" && return
        sleep 0.05
    done
    return 1
}

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice
    as alice start firewall/web
    mkfifo "$BATS_FILE_TMPDIR/keys"
    ssh -F /run/throwaway/ssh_config -tt alice@lab console firewall/web \
        <"$BATS_FILE_TMPDIR/keys" >"$BATS_FILE_TMPDIR/screen" 2>&1 3>&- &
    exec 9>"$BATS_FILE_TMPDIR/keys"
    wait_for grep -q Connected "$BATS_FILE_TMPDIR/screen"
    pgrep -x xwhelper >"$BATS_FILE_TMPDIR/gate"
    pgrep -x xwrelay >"$BATS_FILE_TMPDIR/relay"
}

teardown_file() {
    exec 9>&-
    xwadm destroy firewall --user alice --yes --force
}

field() {
    sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' ' | sed 's/ *$//'
}

uid_of() {
    id -u "$1"
}

@test "the gate: xwhelper in every uid and gid, the student's groups, one capability, a filter" {
    local pid uid gid
    pid=$(cat "$BATS_FILE_TMPDIR/gate")
    uid=$(uid_of xwhelper)
    gid=$(id -g xwhelper)
    [ "$(field "$pid" Uid)" = "$uid $uid $uid $uid" ]
    [ "$(field "$pid" Gid)" = "$gid $gid $gid $gid" ]
    [ "$(field "$pid" Groups | tr ' ' '\n' | sort)" = "$(id -G alice | tr ' ' '\n' | sort)" ]
    [ "$(field "$pid" CapPrm)" = 0000000020000000 ]
    [ "$(field "$pid" NoNewPrivs)" = 1 ]
    [ "$(field "$pid" Seccomp)" = 2 ]
    ! grep -q libvirt "/proc/$pid/maps"
    grep -q libseccomp "/proc/$pid/maps"
}

@test "the gate can't be signalled by its student" {
    local pid
    pid=$(cat "$BATS_FILE_TMPDIR/gate")
    run setpriv --reuid alice --regid alice --init-groups kill -s KILL "$pid"
    [ "$status" -ne 0 ]
    [[ $output == *"not permitted"* ]]
    kill -0 "$pid"
    setpriv --reuid alice --regid alice --init-groups kill -0 "$(pgrep -x -u alice xwsh)"
}

@test "the relay: xwrelay, no group, no capability, a filter, no libvirt, four descriptors" {
    local pid uid
    pid=$(cat "$BATS_FILE_TMPDIR/relay")
    uid=$(uid_of xwrelay)
    [ "$(field "$pid" Uid)" = "$uid $uid $uid $uid" ]
    [ -z "$(field "$pid" Groups)" ]
    [ "$(field "$pid" CapPrm)" = 0000000000000000 ]
    [ "$(field "$pid" NoNewPrivs)" = 1 ]
    [ "$(field "$pid" Seccomp)" = 2 ]
    ! grep -q libvirt "/proc/$pid/maps"
    [ "$(ls "/proc/$pid/fd" | tr '\n' ' ')" = "0 1 2 3 4 5 6 " ]
}

@test "a second viewer is told who is there" {
    run as alice console firewall/web
    [ "$status" -eq 1 ]
    [[ $output == *"alice is at the console of web"* ]]
}

@test "the reader: xwread, no group, no capability, a filter" {
    local daemon keeper child
    daemon=$(cat /run/throwaway/libvirtd.pid)
    keeper=$(cat /run/throwaway/keeper.pid)
    # With libvirtd stopped the reader waits where it can be looked at.
    kill -STOP "$daemon"
    as alice status firewall >"$BATS_FILE_TMPDIR/status" 3>&- &
    local client=$!
    reader() {
        child=$(pgrep -P "$keeper" -u xwread)
    }
    wait_for reader
    wait_for grep -q '^Seccomp:[[:space:]]*2' "/proc/$child/status" || { kill -CONT "$daemon"; false; }
    local uid groups capabilities
    uid=$(field "$child" Uid)
    groups=$(field "$child" Groups)
    capabilities=$(field "$child" CapPrm)
    kill -CONT "$daemon"
    wait "$client"
    [ "$uid" = "$(uid_of xwread) $(uid_of xwread) $(uid_of xwread) $(uid_of xwread)" ]
    [ -z "$groups" ]
    [ "$capabilities" = 0000000000000000 ]
    grep -q running "$BATS_FILE_TMPDIR/status"
}

@test "the keeper's listener: root, and no student's group" {
    local pid
    pid=$(cat /run/throwaway/keeper.pid)
    [ "$(field "$pid" Uid)" = "0 0 0 0" ]
    [ "$(readlink "/proc/$pid/exe")" = /usr/local/libexec/xworlds/xwkeeper ]
}
