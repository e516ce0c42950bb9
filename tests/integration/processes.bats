#!/usr/bin/env bats
# The four parts of the helper as they run: who they are, what they may do, what they have mapped.
# shellcheck shell=bash
load lib/common

setup_file() {
    make_firewall alice
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
    refute grep -q libvirt "/proc/$pid/maps"
    grep -q libseccomp "/proc/$pid/maps"
}

# numbers PID: its descriptors, in order.
numbers() {
    find "/proc/$1/fd" -mindepth 1 -printf '%f\n' | sort -n | xargs
}

# descriptors PID: its descriptors and what each is, in order.
descriptors() {
    local fd
    for fd in $(numbers "$1"); do
        printf '%s:%s ' "$fd" "$(readlink "/proc/$1/fd/$fd" | sed -E 's/:\[[0-9]+\]$//')"
    done
}

@test "the gate at a console holds exactly its descriptors: the viewer's end has been passed on" {
    local pid
    pid=$(cat "$BATS_FILE_TMPDIR/gate")
    run descriptors "$pid"
    # 4 the audit socket, 5 the keeper
    [[ $output == "0:"*" 1:"*" 2:"*" 4:socket 5:socket " ]]
    [ "$(numbers "$pid")" = "0 1 2 4 5" ]
    [ "$(grep '^Max core file size' "/proc/$pid/limits" | tr -s ' ')" = "Max core file size 0 0 bytes " ]
    [ "$(stat -c %u "/proc/$pid/environ")" = 0 ] # not dumpable: proc(5) gives its files to root
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

# is_relay PID DESCRIPTORS: what both relays are.
is_relay() {
    local uid
    uid=$(uid_of xwrelay)
    [ "$(field "$1" Uid)" = "$uid $uid $uid $uid" ]
    [ -z "$(field "$1" Groups)" ]
    [ "$(field "$1" CapPrm)" = 0000000000000000 ]
    [ "$(field "$1" NoNewPrivs)" = 1 ]
    [ "$(field "$1" Seccomp)" = 2 ]
    refute grep -q libvirt "/proc/$1/maps"
    [ "$(numbers "$1")" = "$2" ]
    [ "$(stat -c %u "/proc/$1/environ")" = 0 ]
    [ "$(grep '^Max core file size' "/proc/$1/limits" | tr -s ' ')" = "Max core file size 0 0 bytes " ]
}

@test "the viewer's relay: xwrelay, no group, no capability, a filter, no libvirt, four descriptors" {
    local pid
    pid=$(cat "$BATS_FILE_TMPDIR/relay")
    is_relay "$pid" "3 4 5 6"
    [ "$(readlink "/proc/$pid/fd/6")" = "anon_inode:[timerfd]" ]
}

@test "the console's relay: the same; the guest, the keeper's way to it, the lock, its notices, and one descriptor a viewer" {
    local pid
    pid=$(pgrep -x xwrelay-console)
    is_relay "$pid" "0 3 4 5 6"
    [[ $(readlink "/proc/$pid/fd/5") == /run/xworlds/console/*.relay ]]
    [[ $(readlink "/proc/$pid/fd/6") == /run/xworlds/console/*.notice ]]
    # Nobody but root comes to where it takes viewers.
    [ "$(stat -c '%U %a' /run/xworlds/console)" = "root 700" ]
    [ "$(stat -c '%U %a' /run/xworlds/console/*.join | sort -u)" = "root 700" ]
}

# caught COMMAND...: runs it as alice with libvirtd stopped, so that the keeper's child waits where it
# can be looked at; keeps what is asked of it in caught.FIELD, and lets go.
caught() {
    local daemon keeper child name
    daemon=$(cat /run/throwaway/libvirtd.pid)
    keeper=$(cat /run/throwaway/keeper.pid)
    kill -STOP "$daemon"
    "$@" >"$BATS_TEST_TMPDIR/answer" 2>&1 3>&- &
    local client=$!
    # Its connection to libvirt has its wake-up: the policy of its kind is in force.
    waiting() {
        for child in $(pgrep -P "$keeper" | grep -vxFf <(cat "$BATS_FILE_TMPDIR/relay"; pgrep -x xwrelay-console)); do
            [[ $(descriptors "$child" 2>/dev/null) == *eventfd* ]] && return
        done
        return 1
    }
    wait_for waiting || { kill -CONT "$daemon"; wait "$client"; return 1; }
    for name in Uid Gid Groups CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters; do
        field "$child" "$name" >"$BATS_TEST_TMPDIR/caught.$name"
    done
    descriptors "$child" >"$BATS_TEST_TMPDIR/caught.descriptors"
    stat -c %u "/proc/$child/environ" >"$BATS_TEST_TMPDIR/caught.owner"
    kill -CONT "$daemon"
    wait "$client"
}

is() {
    [ "$(cat "$BATS_TEST_TMPDIR/caught.$1")" = "$2" ] && return
    printf '%s is "%s" and not "%s"\n' "$1" "$(cat "$BATS_TEST_TMPDIR/caught.$1")" "$2"
    return 1
}

@test "the reader: xwread, no group, no capability, a filter, and its descriptors" {
    caught as alice status firewall
    local uid gid
    uid=$(uid_of xwread)
    gid=$(id -g xwread)
    is Uid "$uid $uid $uid $uid"
    is Gid "$gid $gid $gid $gid"
    is Groups ""
    is CapPrm 0000000000000000
    is CapEff 0000000000000000
    is NoNewPrivs 1
    is Seccomp 2
    is Seccomp_filters 3 # the listener's, the request's, the reader's
    is owner 0
    cat "$BATS_TEST_TMPDIR/caught.descriptors"
    # The peer, libvirt's socket and its wake-up.
    [ "$(tr ' ' '\n' <"$BATS_TEST_TMPDIR/caught.descriptors" | sed -nE 's/^([3-9]|[0-9]{2,})://p' | sort | xargs)" = \
        "anon_inode:[eventfd] socket socket" ]
    grep -q running "$BATS_TEST_TMPDIR/answer"
}

@test "the child that stops a machine: root, no group, no capability at all, a filter" {
    caught as alice stop firewall/client
    is Uid "0 0 0 0"
    is Groups ""
    is CapPrm 0000000000000000
    is CapEff 0000000000000000
    is CapBnd 0000000000000000
    is NoNewPrivs 1
    is Seccomp_filters 3
    is owner 0
    [[ $(cat "$BATS_TEST_TMPDIR/caught.descriptors") == *"/var/lib/xworlds/worlds/firewall/.alice.lock "* ]]
}

@test "the child that starts a machine has one capability: bridges" {
    caught as alice start firewall/client
    is CapPrm 0000000000001000 # CAP_NET_ADMIN
    is CapEff 0000000000001000
    is CapBnd 0000000000001000
    is Seccomp_filters 3
    as alice stop firewall/client --force
}

@test "the child that prepares worlds has no capability: a record gets its directory's group" {
    caught xwadm prepare alice
    is CapPrm 0000000000000000
    is CapBnd 0000000000000000
    is NoNewPrivs 1
    is Seccomp_filters 2 # the listener's and its own: root's requests have none of a student's
}

@test "the keeper's listener: root, and no student's group" {
    local pid
    pid=$(cat /run/throwaway/keeper.pid)
    [ "$(field "$pid" Uid)" = "0 0 0 0" ]
    [ "$(readlink "/proc/$pid/exe")" = /usr/local/libexec/xworlds/xwkeeper ]
    # setgid, setuid, setpcap, net_admin, audit_control
    [ "$(field "$pid" CapPrm)" = 00000000400011c0 ]
    [ "$(field "$pid" CapBnd)" = 00000000400011c0 ]
    [ "$(field "$pid" NoNewPrivs)" = 1 ]
    [ "$(field "$pid" Seccomp)" = 2 ]
    [ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
}
