#!/usr/bin/env bats
# A student's first days over real ssh, with INSTALL's lines in sshd's stack: no lab yet, in the group,
# a login while libvirt hangs or the keeper is gone, out of the group again. What sshd keeps to itself,
# because the command is forced, she is told by xwsh.
# shellcheck shell=bash
load lib/common
load lib/logins
load lib/screen
load lib/menu

readonly NO_LAB="No lab is open to your account yet; ask your instructor to add you to the course's group."
readonly LATER='xwsh: Your worlds are still being made; they appear in the list when they are ready.'
readonly FAILED='xwsh: Your worlds could not all be made; what is in the list works, for the rest ask your instructor.'
readonly WORLD=/var/lib/xworlds/worlds/firewall/carol
readonly LISTED=$'firewall\tcarol\t3\t0\tA firewall between two segments\t'

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    cp -a /etc/pam.d /run/pam.d.before
    bash -c "$(tests/install-commands Logins | head -n 1)"
    cp -a /etc/pam.d/sshd /run/sshd.installed
    make_login carol xworlds /usr/local/bin/xwsh
}

teardown_file() {
    go_on
    rm -rf /etc/pam.d
    cp -a /run/pam.d.before /etc/pam.d
    xwadm destroy firewall --user carol --yes || true
    remove_person carol
}

# Where nothing hangs, a busy machine is waited for; libvirt_hangs is about INSTALL's own line.
setup() {
    sed 's/^session.*pam_xworlds.so$/& prepare_timeout=60/' /run/sshd.installed >/etc/pam.d/sshd
}

teardown() {
    go_on
    close_screen
    tests/throwaway-host service status keeper >/dev/null || tests/throwaway-host service start keeper
}

# Whom a test has stopped goes on.
go_on() {
    kill -CONT "$(</run/throwaway/libvirtd.pid)" 2>/dev/null || true
}

libvirt_hangs() {
    cp -a /run/sshd.installed /etc/pam.d/sshd
    kill -STOP "$(</run/throwaway/libvirtd.pid)"
}

# carol_says WORD...: her command, as standard output, standard error and status.
carol_says() {
    status=0
    with_key carol "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    OUT=$(<"$BATS_TEST_TMPDIR/out") ERR=$(<"$BATS_TEST_TMPDIR/err")
    printf '%s\n' "$*: $status" "$OUT" "$ERR"
}

# The keeper has ended with it.
listed() {
    grep -q '^lab firewall$' "/var/lib/xworlds/owners/$(id -u carol)"
}

# A world that is being made is not taken away under its keeper.
without_world() {
    wait_for listed
    xwadm destroy firewall --user carol --yes
    [ ! -e "$WORLD" ]
}

@test "carol: no lab yet, and she is told why; in the group, her first login makes and lists her world" {
    carol_says list
    [ "$status" -eq 255 ]
    [[ $ERR == *"$NO_LAB"* && -z $OUT && ! -e $WORLD ]]
    xwadm grant firewall carol
    milliseconds carol_says list
    [ "$status" -eq 0 ]
    [[ $OUT == "$LISTED"* && -z $ERR ]]
    local first=$TOOK
    milliseconds carol_says list
    [[ $status -eq 0 && $OUT == "$LISTED"* && -z $ERR ]]
    echo "# first login $first ms, the next $TOOK ms" >&3
    # It is whole: a machine of it starts.
    carol_says start firewall/router
    [ "$status" -eq 0 ]
    xwadm destroy firewall --user carol --yes --force
}

# T-I6
@test "libvirt hangs: she is in within the bound and told so; the world comes when libvirt goes on" {
    carol_says list
    [[ $OUT == "$LISTED"* ]]
    without_world
    libvirt_hangs
    milliseconds carol_says list
    echo "# with libvirtd stopped: $TOOK ms" >&3
    ((TOOK >= 2000 && TOOK < 15000))
    [[ $status -eq 0 && $ERR == "$LATER" && -z $OUT ]]
    # What is for programs stays whole.
    carol_says list --json
    [[ $status -eq 0 && $ERR == "$LATER" && $OUT == '{"schema":'*'"worlds":[]'* ]]
    go_on
    wait_for listed
    carol_says list
    [[ $OUT == "$LISTED"* && -z $ERR ]]
}

@test "libvirt hangs: the menu says what it waits for, and the world appears in it by itself" {
    without_world
    libvirt_hangs
    open_seat
    type_line "$SSH -t carol@lab; echo \"ended \$?\""
    see 'Your worlds are being made and appear here by themselves \.\.\. [0-9]+ s'
    see 'Your worlds are still being made; they appear in the list when they are ready'
    see 'by themselves \.\.\. [3-9] s'
    lacks 'firewall'
    go_on
    see 'firewall +0 of 3 run'
    see 'firewall is ready'
    lacks 'being made'
    keys q
    must_be_as_before
    # A login that has nothing to wait for says nothing of it.
    setup
    type_line "$SSH -t carol@lab; echo \"ended \$?\""
    see 'firewall +0 of 3 run'
    lacks 'being made'
    lacks 'is ready'
    keys q
    must_be_as_before
}

@test "libvirt hangs: the numbered prompt says it, too, and Enter looks again" {
    without_world
    libvirt_hangs
    open_seat
    type_line "TERM=dumb $SSH -t carol@lab; echo \"ended \$?\""
    see 'xwsh: Your worlds are still being made'
    see 'worlds>'
    lacks 'firewall'
    go_on
    await enter_shows_it
    type_line quit
    see 'ended 0'
}

enter_shows_it() {
    keys Enter
    sleep 0.2
    [[ $(picture) == *'1  firewall, 0 of 3 machines running'* ]]
}

@test "without a keeper she is told that the worlds could not be made, and what there is works after" {
    tests/throwaway-host service stop keeper
    carol_says help
    tests/throwaway-host service start keeper
    [[ $status -eq 0 && $ERR == "$FAILED" && $OUT == *revert* ]]
    carol_says help
    [[ $status -eq 0 && -z $ERR ]]
}

@test "out of the group she is refused at the next login, by every way in; in again, she has her world" {
    carol_says list
    [[ $OUT == "$LISTED"* ]]
    xwadm revoke firewall carol
    carol_says list
    [[ $status -eq 255 && $ERR == *"$NO_LAB"* && -z $OUT ]]
    run with_password carol 'open sesame' list
    [[ $status -eq 255 && $output == *"$NO_LAB"* ]]
    [ -e "$WORLD/owner" ]
    # Tina, who instructs, is not concerned.
    run with_key tina list
    [ "$status" -eq 0 ]
    xwadm grant firewall carol
    carol_says list
    [[ $status -eq 0 && $OUT == "$LISTED"* ]]
}
