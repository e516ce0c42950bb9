#!/usr/bin/env bats
# The throwaway host, seen from the machine that it runs on: it does what it is told, and afterwards
# the machine is as it was, whatever happened inside.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

TOOL=tests/throwaway-host

setup() {
    OUT=$BATS_TEST_TMPDIR/out
    mkdir "$OUT"
    machine_state >"$BATS_TEST_TMPDIR/before"
}

# bash's set -e overlooks a command after "!" that it doesn't like; this it doesn't.
refute() {
    ! "$@"
}

# wait_for COMMAND...: until it succeeds, for at most 60 s.
wait_for() {
    local i
    for ((i = 0; i < 1200; i++)); do
        "$@" && return
        sleep 0.05
    done
    return 1
}

# A host without the product, which may write to OUT. Its first command says which pid namespace
# it is, by which its processes are found later. host SCRIPT OPTION...
host() {
    local script=$1
    shift
    # shellcheck disable=SC2016 # the dollar signs are the inner shell's
    "$TOOL" --no-product --bind-out "$OUT" "$@" -- bash -c \
        'readlink /proc/self/ns/pid >"$0/namespace"; '"$script" "$OUT"
}

# What a host must leave as it is. The caller's own mounts, in order.
machine_state() {
    findmnt --raw --noheadings --output TARGET,SOURCE,FSTYPE,OPTIONS
    ip -o link show | cut -d: -f2
    sha256sum /etc/passwd /etc/group /etc/shadow /etc/hosts
    [[ ! -e /dev/kvm ]] || stat -c '%n %a %u %g' /dev/kvm
    hostname
}

# The processes of the namespace that a host has noted in FILE; not what only waits for being reaped,
# which the machine's process 1 does when it likes.
processes_of() {
    local link directory
    for link in /proc/[0-9]*/ns/pid; do
        directory=${link%/ns/pid}
        [[ $(readlink "$link" 2>/dev/null) == "$(cat "$1")" ]] || continue
        grep -qs '^State:.Z' "$directory/status" || echo "$directory"
    done
}

gone() {
    [[ -z $(processes_of "$1") ]]
}

# cgroups_of PID: of the tool that had this process id.
cgroups_of() {
    find /sys/fs/cgroup -type d -name "throwaway-host.$1.*"
}

as_before() {
    machine_state | diff "$BATS_TEST_TMPDIR/before" -
    gone "$OUT/namespace"
}

# A domain without a disk, called the same everywhere.
# shellcheck disable=SC2089,SC2090 # the quotes are XML
DOMAIN='<domain type="qemu"><name>same</name><memory unit="MiB">16</memory>
<os><type arch="x86_64" machine="q35">hvm</type></os><devices/></domain>'

@test "a host with the product and a user is up, and a login works" {
    local began=$EPOCHREALTIME
    run "$TOOL" --user alice:cs530,xworlds -- ssh -F /run/throwaway/ssh_config alice@lab version
    [ "$status" -eq 0 ]
    [[ $output == *xwsh* ]]
    awk -v a="$began" -v b="$EPOCHREALTIME" \
        'BEGIN { printf "# up, a login, and down again: %.1f s\n", b - a }' >&3
    machine_state | diff "$BATS_TEST_TMPDIR/before" -
}

@test "the exit status is the command's" {
    run host 'exit 0'
    [ "$status" -eq 0 ]
    run host 'exit 42'
    [ "$status" -eq 42 ]
    run host 'kill -s KILL $$'
    [ "$status" -eq 137 ]
    run -127 "$TOOL" --no-product -- no-such-command
    [ "$status" -eq 127 ]
    [[ $output == *"no command 'no-such-command'"* ]]
    as_before
}

# Starts the domain, waits until the other host has, and says what there is.
twin() {
    # shellcheck disable=SC2016
    OUT=$1 host 'echo "$DOMAIN" >/run/same.xml
        virsh -q create /run/same.xml
        touch "$0/up"
        until [ -e "$OTHER/up" ]; do sleep 0.05; done
        virsh -q list --all --name >"$0/domains"
        getent passwd alice | cut -d: -f1 >"$0/user"
        pgrep -cx qemu-system-x86 >"$0/guests"
        touch "$0/seen"
        until [ -e "$OTHER/seen" ]; do sleep 0.05; done' --bind-out "$2" --user alice
}

@test "two at once: the same user and domain in both, and neither sees the other's" {
    local one=$OUT/one two=$OUT/two first side
    mkdir "$one" "$two"
    # shellcheck disable=SC2090
    export DOMAIN
    OTHER=$two timeout 120 bash -c "$(declare -f twin host); TOOL=$TOOL; twin $one $two" 3>&- &
    first=$!
    OTHER=$one timeout 120 bash -c "$(declare -f twin host); TOOL=$TOOL; twin $two $one" 3>&-
    wait "$first"
    for side in "$one" "$two"; do
        [ "$(grep . "$side/domains")" = same ]
        [ "$(cat "$side/user")" = alice ]
        [ "$(cat "$side/guests")" = 1 ]
        gone "$side/namespace"
    done
    refute getent passwd alice
    machine_state | diff "$BATS_TEST_TMPDIR/before" -
}

# What a test may leave behind: a daemon that ignores signals, a mount, an interface, a guest.
# shellcheck disable=SC2016 # the inner shell expands it
LITTER='trap "" TERM HUP INT; (setsid sleep 1000 &) ; mount -t tmpfs none /mnt
    ip link add litter type dummy; echo "$DOMAIN" >/run/same.xml; virsh -q create /run/same.xml
    chmod 666 /dev/kvm 2>/dev/null; useradd litter; '

@test "what was left running, mounted and made is gone" {
    # shellcheck disable=SC2090
    export DOMAIN
    run host "$LITTER exit 3"
    [ "$status" -eq 3 ]
    as_before
}

@test "a full disk: the command sees it, and the host still goes" {
    # shellcheck disable=SC2016
    run host 'for d in / /tmp /run /dev/shm; do head -c 200M /dev/zero >$d/full && exit 1; done
        exit 9' --size 96M
    [ "$status" -eq 9 ]
    [[ $output == *"No space left"* ]]
    as_before
}

# begin SCRIPT: a host in the background; TOOL_PID is the tool's, once the script has said it is up.
begin() {
    "$TOOL" --no-product --bind-out "$OUT" -- bash -c \
        "readlink /proc/self/ns/pid >$OUT/namespace; $1 touch $OUT/up; sleep 1000" 3>&- \
        >"$OUT/output" 2>&1 </dev/null &
    TOOL_PID=$!
    wait_for test -e "$OUT/up"
    [ -n "$(processes_of "$OUT/namespace")" ]
    [ -n "$(cgroups_of "$TOOL_PID")" ]
}

@test "the tool is killed with SIGKILL: everything inside ends, the next host removes its cgroups" {
    # shellcheck disable=SC2090
    export DOMAIN
    begin "$LITTER"
    kill -KILL "$TOOL_PID"
    wait_for gone "$OUT/namespace"
    host true
    [ -z "$(cgroups_of "$TOOL_PID")" ]
    as_before
}

@test "the tool is ended with SIGTERM: it takes the host down and ends by the signal" {
    local status=0
    # shellcheck disable=SC2090
    export DOMAIN
    begin "$LITTER"
    kill -TERM "$TOOL_PID"
    wait "$TOOL_PID" || status=$?
    [ "$status" -eq 143 ]
    [ -z "$(cgroups_of "$TOOL_PID")" ]
    as_before
}

# A terminal's ^C goes to all of its foreground: the command ends by it, and the host with it.
@test "^C on a terminal ends the command and the host" {
    export OUT
    # shellcheck disable=SC2016 # the dollar signs are those of expect and the inner shell
    run timeout 120 expect -c '
        set timeout 60
        spawn tests/throwaway-host --no-product --bind-out $env(OUT) -- bash -c \
            {readlink /proc/self/ns/pid >"$0/namespace"; echo re""ady; sleep 1000} $env(OUT)
        expect ready {} timeout {exit 99}
        send "\x03"
        expect eof {} timeout {exit 98}
        puts "STATUS [wait]"
    '
    [ "$status" -eq 0 ]
    [[ $output == *"STATUS "*"CHILDKILLED SIGINT"* ]]
    as_before
}

@test "what is missing is named: root, the namespaces, device nodes, a program" {
    local link
    # The checkout may be where only root can read.
    run setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps +dac_read_search \
        --ambient-caps +dac_read_search "$TOOL" -- true
    [ "$status" -eq 77 ]
    [[ $output == *"only root can make a throwaway host"* ]]
    run setpriv --bounding-set -sys_admin "$TOOL" --no-product -- true
    [ "$status" -eq 77 ]
    [[ $output == *"unshare failed"* ]]
    run setpriv --bounding-set -mknod "$TOOL" --no-product -- true
    [ "$status" -eq 77 ]
    [[ $output == *"CAP_MKNOD is missing"* ]]
    mkdir "$OUT/bin"
    for link in /usr/bin/* /bin/*; do
        [[ ${link##*/} == virsh ]] || ln -sf "$link" "$OUT/bin/"
    done
    PATH=$OUT/bin run "$TOOL" --no-product -- true
    [ "$status" -eq 77 ]
    [[ $output == *"missing here: virsh."*"libvirt-clients"* ]]
    machine_state | diff "$BATS_TEST_TMPDIR/before" -
}

@test "--help has every option, and a wrong one is a usage error" {
    local option help
    help=$("$TOOL" --help)
    while read -r option; do
        [[ $help == *"$option"* ]] || { echo "$option is not in --help" && false; }
    done < <(sed -n '/^parse_options/,/^}/p' "$TOOL" | grep -o -- '--[a-z-]*[a-z]' | sort -u)
    run "$TOOL" --no-such-option
    [ "$status" -eq 2 ]
    run "$TOOL" --user 'a b' -- true
    [ "$status" -eq 2 ]
}
