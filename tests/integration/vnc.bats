#!/usr/bin/env bats
# Graphical consoles, over real ssh: pictures that a VNC client takes of guests' screens, compared with
# those that QEMU makes itself (libvirt's virDomainScreenshot); who may look, and how it ends.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031 # the guest and scripts expand; each test has its own PIDS
load lib/common
load lib/screen

readonly ACCESS=/var/lib/xworlds/labs/screens/access

# make_lab [LINE]: with this line in its section "access", and one for machines.
make_lab() {
    cat >"$BATS_FILE_TMPDIR/screens.yaml" <<LAB
xworlds: 1
title: A lab with screens
access:
  students: [cs530]
  instructors: [cs530-ta]
  ${1-}
machines:
  desk: {image: tiny, memory: 96, graphics: true}
  boot: {image: serial, memory: 16, graphics: true}
  plain: {image: serial, memory: 16${2-}}
LAB
    xwadm lab apply "$BATS_FILE_TMPDIR/screens.yaml"
}

setup_file() {
    no_lab screens
    images/serial/build "$BATS_FILE_TMPDIR/serial"
    xwadm image add "$BATS_FILE_TMPDIR/serial"
    xwadm image add build/images/tiny
    make_lab
    xwadm deploy screens --user alice --user bob
    as alice start screens
    as bob start screens/boot
    # What a student's computer has: ssh with a configuration, and a viewer that leaves a picture.
    mkdir "$BATS_FILE_TMPDIR/bin"
    printf '#!/bin/sh\nexec /usr/bin/ssh -F /run/throwaway/ssh_config "$@"\n' >"$BATS_FILE_TMPDIR/bin/ssh"
    printf '#!/bin/sh\nexec vncsnapshot -quality 100 "$1" "$PICTURE"\n' >"$BATS_FILE_TMPDIR/bin/viewer"
    chmod +x "$BATS_FILE_TMPDIR/bin/"*
}

teardown_file() {
    xwadm destroy screens --all --force --yes
    xwadm lab remove screens
    xwadm image remove serial
}

setup() {
    PIDS=()
}

teardown() {
    close_screen
    end_processes "${PIDS[@]}"
    wait_for no_relay
}

# look NAME MACHINE: the picture of alice's machine that a VNC client takes through ssh.
look() {
    PATH=$BATS_FILE_TMPDIR/bin:$PATH VNCVIEWER=$BATS_FILE_TMPDIR/bin/viewer \
        PICTURE=$BATS_TEST_TMPDIR/$1.jpg timeout 60 contrib/xworlds-vnc alice@lab "screens/$2"
    jpegtopnm "$BATS_TEST_TMPDIR/$1.jpg" >"$BATS_TEST_TMPDIR/$1.ppm"
}

# screenshot NAME MACHINE: QEMU's own.
screenshot() {
    virsh -q screenshot "xw:screens:alice:$2" "$BATS_TEST_TMPDIR/$1.png"
    pngtopnm "$BATS_TEST_TMPDIR/$1.png" >"$BATS_TEST_TMPDIR/$1.ppm"
}

# same NAME NAME: two pictures, but for what JPEG changes and a cursor that blinks.
same() {
    [ "$(pnmpsnr -target1=35 -target2=35 -target3=35 "$BATS_TEST_TMPDIR/$1.ppm" "$BATS_TEST_TMPDIR/$2.ppm")" = match ]
}

# colour NAME ROW: the colour in the middle of a row of text, each part in steps of 64.
colour() {
    pamcut -left 400 -top $(($2 * 16 + 8)) -width 1 -height 1 "$BATS_TEST_TMPDIR/$1.ppm" |
        tail -c 3 | od -An -tu1 | awk '{print int($1 / 64) int($2 / 64) int($3 / 64)}'
}

# paint COLOUR...: eight rows of each on the guest's screen, by their numbers of ECMA-48.
paint() {
    local bands='' number
    for number; do
        bands+="for i in 1 2 3 4 5 6 7 8; do printf '\\033[${number}m\\033[K\\r\\n'; done;"
    done
    tests/integration/lib/guest alice screens/desk \
        "(printf '\\033[?25l\\033[0m\\033[2J\\033[H'; $bands printf '\\033[0m') >/dev/tty1"
}

# session NAME USER TARGET: a viewer that has said nothing yet; what comes is in NAME.out. say NAME BYTES.
session() {
    local name=$BATS_TEST_TMPDIR/$1
    mkfifo "$name.in"
    ssh -F /run/throwaway/ssh_config -T "$2@lab" vnc "$3" <"$name.in" >"$name.out" 2>"$name.err" 3>&- &
    SESSION=$!
    PIDS+=("$SESSION")
    eval "exec {SAY_$1}>\"\$name.in\""
    wait_for greeted "$1" || { cat "$name.err"; return 1; }
}

greeted() {
    [ "$(head -c 12 "$BATS_TEST_TMPDIR/$1.out")" = 'RFB 003.008' ]
}

say() {
    local fd=SAY_$1
    # shellcheck disable=SC2059 # the bytes are written so
    printf "$2" >&"${!fd}"
}

# begins NAME SHARED: RFC 6143's handshake in its version 3.3; SHARED is 1, or 0 for alone.
begins() {
    say "$1" 'RFB 003.003\n'
    say "$1" "\\00$2"
    wait_for grep -qa 'QEMU (xw:screens' "$BATS_TEST_TMPDIR/$1.out"
}

# is_live NAME: asks for a corner of the screen, and gets it.
is_live() {
    local before
    before=$(stat -c %s "$BATS_TEST_TMPDIR/$1.out")
    say "$1" '\003\000\000\000\000\000\000\020\000\020'
    wait_for has_grown "$1" "$before"
}

has_grown() {
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/$1.out")" -gt "$2" ]
}

runs() {
    kill -0 "$1" 2>/dev/null
}

is_gone() {
    ! runs "$1"
}

# refused STATUS TEXT USER TARGET
refused() {
    run as "$3" vnc "$4" </dev/null
    echo "$output"
    [ "$status" -eq "$1" ]
    [[ $output == *"$2"* ]]
}

@test "a VNC client takes a picture through ssh, and it is what the guest shows" {
    paint 41 42 44
    look one desk
    screenshot one-itself desk
    same one one-itself
    [ "$(colour one 4) $(colour one 12) $(colour one 20)" = "200 020 002" ]
    # It is no picture of an earlier moment, nor of another machine, and one that differs is told.
    paint 44 41 42
    look two desk
    screenshot two-itself desk
    same two two-itself
    [ "$(colour two 4) $(colour two 12) $(colour two 20)" = "002 200 020" ]
    refute same two one
    look bios boot
    screenshot bios-itself boot
    same bios bios-itself
    refute same bios two
}

# T-J8
@test "nothing listens for it: neither TCP nor a socket of its own" {
    session first alice screens/boot
    run ss -Hltnp
    echo "$output"
    [ "$(grep -cv '"sshd"' <<<"$output")" -eq 0 ]
    [ "$(ss -Hlxp | grep '"qemu' | grep -cvE '/console/|monitor\.sock')" -eq 0 ]
    # The controls: QEMU has a display; what listens is seen.
    virsh -q dumpxml xw:screens:alice:boot | grep -q "<listen type='none'/>"
    virsh -q domdisplay xw:screens:alice:boot >"$BATS_TEST_TMPDIR/display" 2>&1 || true
    refute grep -q 'vnc://' "$BATS_TEST_TMPDIR/display"
    socat TCP-LISTEN:5999,bind=127.0.0.1 /dev/null 3>&- &
    PIDS+=("$!")
    wait_for listens
}

listens() {
    ss -Hltnp | grep -q ':5999.*"socat"'
}

@test "two look at one screen; who asks to be alone turns nobody out" {
    session first alice screens/boot
    begins first 1
    session second alice screens/boot
    begins second 0
    is_live first
    is_live second
    is_live first
}

# T-J8
@test "the relay: xwrelay, a filter, nothing but its four descriptors; a viewer that is killed leaves nothing" {
    session first alice screens/boot
    begins first 1
    local pid uid
    pid=$(pgrep -x xwrelay)
    uid=$(id -u xwrelay)
    [ "$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$pid/status" | tr '\t' ' ')" = "$uid $uid $uid $uid" ]
    [ "$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$pid/status")" = 0000000000000000 ]
    [ "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")" = 2 ]
    [ "$(find "/proc/$pid/fd" -mindepth 1 -printf '%f\n' | sort | xargs)" = "3 4 5 6" ]
    refute grep -q libvirt "/proc/$pid/maps"
    kill -KILL "$SESSION"
    wait_for no_relay
    wait_for no_gate
    # A stopped viewer is one that may go on.
    session again alice screens/boot
    begins again 1
    kill -STOP "$SESSION"
    session other alice screens/boot
    begins other 1
    is_live other
    kill -CONT "${PIDS[1]}"
    is_live again
}

no_gate() {
    ! pgrep -x xwhelper
} >/dev/null

# T-J8
@test "another's machine is not found; what is off, has no screen, or is looked at on a terminal, is told so" {
    refused 3 'not found or not allowed' bob screens:alice/boot
    refused 3 'not found or not allowed' bob screens/nosuch
    refused 1 'plain has no graphical console' alice screens/plain
    [[ $output == *'graphics: true'* ]]
    refused 1 'desk is off; start it first' bob screens/desk
    run as alice -tt vnc screens/boot
    echo "$output"
    [ "$status" -eq 2 ]
    [[ $output == *'xworlds-vnc HOST screens/boot'* ]]
    [[ $output != *RFB* ]]
    # The control, with the same words.
    session first bob screens/boot
    [ "$(as alice status screens --json | jq -c '[.machines[] | [.machine, .graphics]]')" = \
        '[["desk",true],["boot",true],["plain",false]]' ]
}

@test "on a terminal status and the menu say which machines have a screen, and how to see it" {
    open_screen
    type_line 'ssh -F /run/throwaway/ssh_config -tt alice@lab status screens'
    see "With a screen \\('help vnc'\\): desk, boot"
    type_line 'ssh -F /run/throwaway/ssh_config -tt alice@lab'
    see 'screens +3 of 3 run'
    keys Enter
    see 'desk has a screen, too. On your own computer: xworlds-vnc HOST screens/desk'
    keys Down
    see 'boot has a screen, too. On your own computer: xworlds-vnc HOST screens/boot'
    keys Down
    see_without 'has a screen, too'
    keys q q
}

@test "a machine that stops ends it, in words; one whose lab has given it a screen since has it at its next start" {
    local status=0
    session first alice screens/boot
    begins first 1
    as alice stop screens/boot --force
    wait "$SESSION" || status=$?
    [ "$status" -eq 0 ]
    grep -q 'The display of screens/boot has closed: the machine has stopped' "$BATS_TEST_TMPDIR/first.err"
    as alice start screens/boot
    make_lab '' ', graphics: true'
    refused 1 'stop and start it' alice screens/plain
    as alice stop screens/plain --force
    as alice start screens/plain
    session second alice screens/plain
    make_lab
}

@test "the lab closes: what is open ends, nothing is opened; instructors look, with the owner's name in the journal" {
    local mark status=0
    mark=$(wc -l </run/throwaway/log/keeper.log)
    sed -i "s/^machine desk/closes $(($(date +%s) + 8))\nmachine desk/" "$ACCESS"
    session first alice screens/boot
    begins first 1
    # It is over by itself.
    wait "$SESSION" || status=$?
    [ "$status" -eq 0 ]
    grep -q 'The display of screens/boot has closed: the lab has closed' "$BATS_TEST_TMPDIR/first.err"
    refused 4 'screens is closed since' alice screens/boot
    session teacher tina screens:alice/boot
    begins teacher 1
    is_live teacher
    end_processes "$SESSION"
    wait_for no_relay
    wait_for ended_twice "$mark"
    log "$mark" alice | grep -q 'vnc screens/alice/boot (open).*decision=allow result=done'
    log "$mark" alice | grep -q 'vnc screens/alice/boot (close).*decision=allow result=done'
    log "$mark" tina | grep -q 'vnc screens/alice/boot (open).*decision=allow result=done'
    log "$mark" tina | grep -q 'vnc screens/alice/boot (close).*decision=allow result=done'
    make_lab
}

# log MARK USER: what the keeper's log has said of a user since.
log() {
    tail -n "+$(($1 + 1))" /run/throwaway/log/keeper.log | grep "uid $(id -u "$2"): "
}

ended_twice() {
    [ "$(tail -n "+$(($1 + 1))" /run/throwaway/log/keeper.log | grep -c 'vnc screens/alice/boot (close)')" -eq 2 ]
}

@test "revoke --now ends it, and nobody else's" {
    session first alice screens/boot
    begins first 1
    session second bob screens/boot
    begins second 1
    run timeout 60 xwadm revoke screens bob --now
    echo "$output"
    [ "$status" -eq 0 ]
    wait_for is_gone "${PIDS[1]}"
    is_live first
    gpasswd -a bob cs530
}
