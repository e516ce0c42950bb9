#!/usr/bin/env bats
# What happens to machines, told as it happens: the stream of the verb `events`, and the menu that
# listens to it instead of asking.
# shellcheck shell=bash
load lib/common
load lib/screen
load lib/menu

LOG=/run/throwaway/log/keeper.log
readonly LOG
# A quarter of the usual per-user.
readonly STREAMS=8

setup_file() {
    make_firewall alice
    xwadm deploy firewall --user bob
    as alice start firewall/router
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
    xwadm destroy firewall --user bob --yes --force
}

setup() {
    ALICE=$(id -u alice)
    MARK=$(stat -c %s "$LOG")
    PIDS=()
}

teardown() {
    pkill -CONT -x libvirtd || true
    end_processes "${PIDS[@]}"
    close_screen
    tests/throwaway-host service status libvirtd || tests/throwaway-host service start libvirtd
    await nobody_there
    await no_reader
    as tina stop firewall:alice/web --force
}

# requests [VERB]: how many of alice's the keeper has ended since this test began.
requests() {
    tail -c "+$((MARK + 1))" "$LOG" | grep -c "uid $ALICE: ${1-}" || true
}

have_ended() {
    [ "$(requests "$2")" -ge "$1" ]
}

reader() {
    pgrep -u xwread
}

no_reader() {
    ! reader
}

# Another one than that.
reader_besides() {
    local pid
    pid=$(reader) && [[ $pid != "$1" ]]
}

# The world's page, once all has been asked for that is: a list before the stream stood, one since,
# and a status.
open_live_world() {
    open_seat
    open_menu
    await have_ended 2 'list '
    keys Enter
    see $'\n web +off'
    await have_ended 1 'status '
    await reader
}

# see_soon PATTERN: long before the list is asked for again, which it is once a minute.
see_soon() {
    local since=$SECONDS
    see "$1"
    ((SECONDS - since < 20))
}

# hold USER: a stream of hers, into $HELD.USER; its process ends the list of PIDS.
hold() {
    HELD=$BATS_TEST_TMPDIR/$1.$RANDOM
    mkfifo "$HELD.in"
    tests/integration/lib/hold_events "$1" <"$HELD.in" >"$HELD" 3>&- &
    PIDS+=($!)
    exec {STOP}>"$HELD.in"
    await grep -qE '^gate (open|end)' "$HELD"
}

leave() {
    exec {STOP}>&-
    await grep -q '^code' "$HELD"
}

@test "T-E9: a stream tells of its user's machines and of nobody else's; an instructor's of the whole lab" {
    local alice bob
    hold bob
    bob=$HELD
    hold alice
    alice=$HELD
    as bob start firewall/web
    await grep -qx 'stream state firewall bob web running' "$bob"
    as alice start firewall/web
    await grep -qx 'stream state firewall alice web running' "$alice"
    hold tina
    as bob stop firewall/web --force
    as alice stop firewall/web --force
    await grep -qx 'stream state firewall bob web off' "$HELD"
    await grep -qx 'stream state firewall alice web off' "$HELD"
    await grep -qx 'stream state firewall bob web off' "$bob"
    await grep -qx 'stream state firewall alice web off' "$alice"
    refute grep bob "$alice"
    refute grep alice "$bob"
}

@test "the stream is left when its viewer closes it: code 0, and one entry in all" {
    hold alice
    await reader
    [ "$(requests events)" -eq 0 ]
    leave
    grep -qx 'gate end 0' "$HELD"
    grep -qx 'code 0' "$HELD"
    await have_ended 1 'events -/alice/-.*decision=allow result=done'
    [ "$(requests events)" -eq 1 ]
    await no_reader
}

@test "a machine that another session starts and stops changes on the page, without a request" {
    local before
    open_live_world
    before=$(requests)
    as tina start firewall:alice/web
    see_soon $'\n web +running'
    as tina stop firewall:alice/web --force
    see_soon $'\n web +off'
    [ "$(requests)" -eq "$before" ]
    # The control: what is hers is counted.
    as alice list
    await have_ended $((before + 1)) ''
}

@test "the list of worlds counts machines as they start and stop" {
    open_seat
    open_menu
    await have_ended 2 'list '
    see 'firewall +1 of 3 run'
    as tina start firewall:alice/web
    see_soon 'firewall +2 of 3 run'
    as tina stop firewall:alice/web --force
    see_soon 'firewall +1 of 3 run'
}

# wakes PID: how often it has waited for something.
wakes() {
    awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"
}

@test "a quiet menu asks nothing and sleeps; what happens to others' machines wakes nobody but the reader" {
    local before menu gate asleep_menu asleep_gate asleep_reader
    open_live_world
    menu=$(pgrep -x -u alice xwsh)
    gate=$(pgrep -x xwhelper)
    before=$(requests)
    asleep_menu=$(wakes "$menu") asleep_gate=$(wakes "$gate") asleep_reader=$(wakes "$(reader)")
    as bob start firewall/web
    as bob stop firewall/web --force
    # The time is what is measured: the old pause between two requests was 2 s.
    sleep 10
    [ "$(requests)" -eq "$before" ]
    [ "$(wakes "$menu")" -eq "$asleep_menu" ]
    [ "$(wakes "$gate")" -eq "$asleep_gate" ]
    # libvirt asks every 5 s whether somebody is there.
    (($(wakes "$(reader)") - asleep_reader < 60))
}

@test "a reader that has died: the menu asks again, and has another one" {
    local dead
    open_live_world
    dead=$(reader)
    kill -KILL "$dead"
    as tina start firewall:alice/web
    see $'\n web +running'
    await reader_besides "$dead"
    as tina stop firewall:alice/web --force
    see $'\n web +off'
}

@test "a reader that says nothing holds no key up" {
    open_live_world
    kill -STOP "$(reader)"
    keys '?'
    see 'Any key goes back'
    keys x
    see $'\n web +off'
    # A stopped one ends, too.
    kill -CONT "$(reader)"
    keys q
    see 'firewall +1 of 3 run'
    keys q
    see 'ended 0'
}

@test "libvirtd killed: the stream says so and ends in order; the menu has another when it is back" {
    local dead
    hold alice
    open_live_world_beside
    dead=$(reader)
    tests/throwaway-host service kill libvirtd
    await grep -qx 'stream lost' "$HELD"
    await grep -qx 'code 0' "$HELD"
    see 'libvirt is not answering'
    tests/throwaway-host service start libvirtd
    see_without 'not answering'
    await reader_besides "$dead"
    as tina start firewall:alice/web
    see $'\n web +running'
}

open_live_world_beside() {
    open_seat
    open_menu
    keys Enter
    see $'\n web +off'
}

@test "the keeper started anew: streams go on, and new ones are to be had" {
    hold alice
    tests/throwaway-host service restart keeper
    as tina start firewall:alice/web
    await grep -qx 'stream state firewall alice web running' "$HELD"
    open_seat
    open_menu
    keys Enter
    see $'\n web +running'
    as tina stop firewall:alice/web --force
    see $'\n web +off'
}

@test "beyond a quarter of per-user there is no other stream; requests, and others, go on; the menu asks" {
    local before i
    for ((i = 0; i < STREAMS; i++)); do
        hold alice
        grep -qx 'gate open' "$HELD"
    done
    hold alice
    grep -qx 'gate error too many menus are open; close some of the others' "$HELD"
    grep -qx 'gate end 75' "$HELD"
    as alice status firewall
    hold bob
    grep -qx 'gate open' "$HELD"
    open_seat
    open_menu
    keys Enter
    see $'\n web +off'
    before=$(requests 'status ')
    as tina start firewall:alice/web
    see $'\n web +running'
    await have_ended $((before + 2)) 'status '
}

# What a student could do who hands the descriptor to somebody else's process.
@test "T-E4: revoke --now ends a stream whose viewer is held elsewhere; a lab that is only taken away is heard of no more" {
    groupadd --force passing
    apply_firewall_as passing 'students: [passing]'
    xwadm grant passing alice
    xwadm deploy passing --user alice
    hold alice
    grep -qx 'gate open' "$HELD"
    xwadm revoke passing alice --now
    await grep -q '^code' "$HELD"
    await no_reader
    hold alice
    virsh -q -c qemu:///system undefine xw:passing:alice:web
    as alice start firewall/web
    await grep -qx 'stream state firewall alice web running' "$HELD"
    refute grep passing "$HELD"
    xwadm destroy passing --all --force --yes
    xwadm lab remove passing
    groupdel passing
}

@test "T-L1: libvirtd hung: a stream that waits for its answer ends, and whoever has left it holds nothing" {
    local libvirtd
    hold alice
    libvirtd=$(pgrep -x libvirtd)
    as tina start firewall:alice/web
    await grep -qx 'stream state firewall alice web running' "$HELD"
    # An event that is on its way when the daemon stops: with it, the reader's question is never answered.
    kill -STOP "$(reader)"
    as tina stop firewall:alice/web --force
    kill -STOP "$libvirtd"
    kill -CONT "$(reader)"
    await grep -q '^gate end 75' "$HELD"
    kill -CONT "$libvirtd"
    await no_reader
}
