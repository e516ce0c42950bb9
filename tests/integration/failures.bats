#!/usr/bin/env bats
# libvirtd killed or hung in the middle of a deployment, a start, a stop, a revert: words and exit
# status 75, a state that is old, new or completed, and the same command completes.
# shellcheck shell=bash
load lib/common
load lib/interrupt

STUDENTS=24
GRACE=6

setup_file() {
    make_firewall alice
    groupadd crowd
    local i
    for ((i = 1; i <= STUDENTS; i++)); do
        useradd -G crowd -M "crowd$i"
    done
    mkdir -p "$BATS_FILE_TMPDIR/crowd"
    sed 's/students: .*/students: [crowd]/' labs/firewall/lab.yaml >"$BATS_FILE_TMPDIR/crowd/lab.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/crowd/lab.yaml"
    cp /etc/xworlds/xworlds.conf "$BATS_FILE_TMPDIR/xworlds.conf"
    echo "stop-grace = $GRACE" >>/etc/xworlds/xworlds.conf
    install_hook
}

teardown_file() {
    remove_hook
    cp "$BATS_FILE_TMPDIR/xworlds.conf" /etc/xworlds/xworlds.conf
    local i
    xwadm destroy crowd --all --force --yes || true
    xwadm destroy firewall --user alice --force --yes
    xwadm lab remove crowd
    for ((i = 1; i <= STUDENTS; i++)); do
        userdel "crowd$i"
    done
    groupdel crowd
}

# A test that failed half-way leaves the next one a host that works.
teardown() {
    kill -CONT "$(libvirtd_pid)" 2>/dev/null || true
    tests/throwaway-host service status libvirtd || libvirtd_back
    as alice stop firewall --force
}

DOMAIN=xw:firewall:alice:web
OVERLAY=/var/lib/xworlds/worlds/firewall/alice/web.qcow2

# The first sector is the boot sector of a disk that boots otherwise: the guest leaves it alone.
mark_disk() {
    qemu-io -f qcow2 -c 'write -P 0x5a 0 512' "$OVERLAY"
}

disk_is_marked() {
    qemu-io -f qcow2 -r -U -c 'read -P 0x5a 0 512' "$OVERLAY" | grep -q '^read 512/512' &&
        ! qemu-io -f qcow2 -r -U -c 'read -P 0x5a 0 512' "$OVERLAY" | grep -q 'Pattern verification failed'
}

# Every overlay has its name and is a whole qcow2; nothing was left aside.
crowd_is_clean() {
    [ -z "$(find /var/lib/xworlds -name '*.new*')" ]
    local overlay
    for overlay in /var/lib/xworlds/worlds/crowd/*/*.qcow2; do
        cmp "$overlay" /var/lib/xworlds/images/tiny/template.qcow2
    done
}

# deploy_until_first_world: starts the deployment and returns when one world of many is made.
deploy_until_first_world() {
    xwadm deploy crowd --all >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    DEPLOY=$!
    wait_for grep -q ': made' "$BATS_TEST_TMPDIR/said"
}

crowd_completes() {
    run xwadm deploy crowd --all
    echo "$output"
    [ "$status" -eq 0 ]
    run xwadm deploy crowd --all
    [ "$status" -eq 0 ]
    [[ $output == *"$STUDENTS worlds: $STUDENTS there already."* ]]
    crowd_is_clean
    [ "$(virsh -q -c qemu:///system list --all --name | grep -c '^xw:crowd:')" -eq $((3 * STUDENTS)) ]
    run xwadm destroy crowd --all --yes
    [ "$status" -eq 0 ]
    [ -z "$(virsh -q -c qemu:///system list --all --name | grep '^xw:crowd:')" ]
    [ -z "$(find /var/lib/xworlds/worlds/crowd -mindepth 1 -type d)" ]
}

@test "deploy: libvirtd killed in the middle: 75, words, and the same command completes" {
    deploy_until_first_world
    kill -STOP "$(libvirtd_pid)"
    kill -0 "$DEPLOY"
    tests/throwaway-host service kill libvirtd
    status=0
    wait "$DEPLOY" || status=$?
    cat "$BATS_TEST_TMPDIR/said"
    [ "$status" -eq 75 ]
    grep -q '^xwadm: crowd/crowd[0-9]*: .*libvirt' "$BATS_TEST_TMPDIR/said"
    grep -Eq "^$STUDENTS worlds: .*failed" "$BATS_TEST_TMPDIR/said"
    # At most one message for each of the four that work at the same time.
    [ "$(grep -c '^xwadm: ' "$BATS_TEST_TMPDIR/said")" -le 8 ]
    libvirtd_back
    crowd_completes
}

# Holds the lock of a world until it is ended; says so on its standard output.
# shellcheck disable=SC2016 # perl's dollars
readonly HOLD_LOCK='
    use Fcntl;
    $| = 1;
    open(my $lock, "+>>", shift) or die "$!\n";
    my $whole = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
    fcntl($lock, F_SETLK, $whole) or die "$!\n";
    print "held\n";
    sleep;'

# A call on a connection whose other end has gone must be an error, and no SIGPIPE.
@test "deploy: libvirtd gone between two calls: 75 and words" {
    mkdir -p /var/lib/xworlds/worlds/crowd
    perl -e "$HOLD_LOCK" /var/lib/xworlds/worlds/crowd/.crowd2.lock >"$BATS_TEST_TMPDIR/lock" 3>&- &
    local holder=$!
    wait_for grep -q held "$BATS_TEST_TMPDIR/lock"
    xwadm deploy crowd --user crowd1 --user crowd2 --jobs 1 >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    local deploy=$!
    wait_for grep -q 'crowd1: made' "$BATS_TEST_TMPDIR/said"
    tests/throwaway-host service kill libvirtd
    kill "$holder"
    status=0
    wait "$deploy" || status=$?
    cat "$BATS_TEST_TMPDIR/said"
    [ "$status" -eq 75 ]
    grep -q '^xwadm: crowd/crowd2: ' "$BATS_TEST_TMPDIR/said"
    libvirtd_back
    run xwadm deploy crowd --user crowd1 --user crowd2
    [ "$status" -eq 0 ]
    [[ $output == *"1 mended, 1 there already"* ]]
    run xwadm destroy crowd --user crowd1 --user crowd2 --yes
    [ "$status" -eq 0 ]
}

@test "deploy: itself killed in the middle, and the same command completes" {
    deploy_until_first_world
    kill -STOP "$DEPLOY"
    [ "$(find /var/lib/xworlds/worlds/crowd -mindepth 1 -type d | wc -l)" -lt "$STUDENTS" ]
    kill -KILL "$DEPLOY"
    wait "$DEPLOY" || true
    # Whoever was granted a world has a whole one.
    local record name
    for record in $(grep -l '^lab crowd$' /var/lib/xworlds/owners/*); do
        name=$(sed -n 's/^name //p' "$record")
        [ "$(find "/var/lib/xworlds/worlds/crowd/$name" -name '*.qcow2' | wc -l)" -eq 3 ]
    done
    crowd_completes
}

@test "deploy: with libvirtd hung the second interrupt ends it" {
    kill -STOP "$(libvirtd_pid)"
    xwadm deploy crowd --user crowd1 >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    local deploy=$!
    # bit 2 of SigCgt: SIGINT is caught
    caught() {
        local mask
        mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$deploy/status")
        ((0x$mask & 2))
    }
    not_caught() { ! caught; }
    wait_for caught
    kill -INT "$deploy"
    wait_for not_caught
    kill -INT "$deploy"
    status=0
    wait "$deploy" || status=$?
    [ "$status" -eq 130 ]
    kill -CONT "$(libvirtd_pid)"
    run xwadm deploy crowd --user crowd1
    [ "$status" -eq 0 ]
    run xwadm destroy crowd --user crowd1 --yes
    [ "$status" -eq 0 ]
}

@test "start: the control, with the hook there and not armed" {
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    [ "$(state_of "$DOMAIN")" = running ]
    [ "$(processes_of "$DOMAIN")" -eq 1 ]
}

# killed_start MOMENT
killed_start() {
    arm "$DOMAIN" "$1"
    kill_libvirtd_during alice start firewall/web
    start_completes
}

# start_completes: after a start that was cut short.
start_completes() {
    echo "$output"
    [ "$status" -eq 75 ]
    [[ $output == *"Starting web"* ]]
    libvirtd_back
    run state_of "$DOMAIN"
    [[ $output == running || $output == "shut off" ]]
    run as alice start firewall/web
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(state_of "$DOMAIN")" = running ]
    [ "$(processes_of "$DOMAIN")" -eq 1 ]
}

# T-L1
@test "start: libvirtd killed before anything of the machine is there: 75, then it completes" {
    killed_start "prepare begin"
}

@test "start: libvirtd killed just before it executes QEMU: 75, then it completes" {
    killed_start "start begin"
}

@test "start: libvirtd killed while QEMU comes up: 75, then it completes" {
    local said=$BATS_TEST_TMPDIR/said client
    # No hook waits for this moment, which takes some 200 ms: until one is caught.
    comes_up() { (($(processes_of "$DOMAIN") > 0)); }
    for _ in {1..10}; do
        as alice start firewall/web >"$said" 2>&1 3>&- &
        client=$!
        wait_for comes_up
        tests/throwaway-host service kill libvirtd
        status=0
        wait "$client" || status=$?
        ((status != 75)) || break
        libvirtd_back
        as alice stop firewall/web --force
    done
    output=$(<"$said")
    start_completes
}

@test "start: libvirtd killed when the machine runs and nobody was told: 75, then it completes" {
    killed_start "started begin"
}

# A machine whose processors are halted doesn't see the power button.
halt_machine() {
    virsh -q -c qemu:///system suspend "xw:firewall:alice:$1"
}

# The keeper's child sleeps in poll(2), system call 7, with a time limit: libvirt's event loop with
# the timer of the grace time. An answer of libvirt is waited for without a limit, which is -1.
child_waits_for_events() {
    local child call fds count limit
    child=$(pgrep -n -P "$(cat /run/throwaway/keeper.pid)") &&
        read -r call fds count limit _ <"/proc/$child/syscall" &&
        [[ $call == 7 ]] && ((limit > 0 && limit < 0x7fffffff))
}

@test "stop: libvirtd killed while a machine shuts down: 75, not \"stopped\", then it completes" {
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    halt_machine web
    local said=$BATS_TEST_TMPDIR/said client
    as alice stop firewall/web >"$said" 2>&1 3>&- &
    client=$!
    wait_for child_waits_for_events
    tests/throwaway-host service kill libvirtd
    status=0
    wait "$client" || status=$?
    cat "$said"
    [ "$status" -eq 75 ]
    grep -q 'libvirt has gone while machines were shutting down' "$said"
    refute grep -q 'web: stopped' "$said"
    [ "$(processes_of "$DOMAIN")" -eq 1 ]
    libvirtd_back
    run as alice stop firewall/web
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"web: did not shut down and was stopped by force"* ]]
    [ "$(state_of "$DOMAIN")" = "shut off" ]
    [ "$(processes_of "$DOMAIN")" -eq 0 ]
}

# ended_at MACHINE: when libvirt says that it ended the machine, in seconds.
ended_at() {
    date -d "$(sed -n 's/: shutting down, reason=destroyed$//p' \
        "/var/log/libvirt/qemu/xw:firewall:alice:$1.log" | tail -n 1)" +%s
}

@test "stop: one grace time for all machines, then the plug, backwards by boot order" {
    run as alice start firewall
    [ "$status" -eq 0 ]
    halt_machine router
    halt_machine web
    halt_machine client
    run as alice stop firewall
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *web*client*router* ]]
    [ "$(grep -c 'did not shut down and was stopped by force' <<<"$output")" -eq 3 ]
    local apart=$(($(ended_at router) - $(ended_at web)))
    ((apart >= 0 && apart < GRACE))
}

@test "stop: a machine that answers the power button is stopped as soon as it is off" {
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    tests/integration/lib/guest alice firewall/web true
    echo 'stop-grace = 3000' >>/etc/xworlds/xworlds.conf
    run timeout 170 ssh -F /run/throwaway/ssh_config alice@lab stop firewall/web
    echo "stop-grace = $GRACE" >>/etc/xworlds/xworlds.conf
    [ "$status" -eq 0 ]
    [[ $output == *"web: stopped"* ]]
    [ "$(processes_of "$DOMAIN")" -eq 0 ]
}

# killed_revert MOMENT
killed_revert() {
    mark_disk
    disk_is_marked
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    arm "$DOMAIN" "$1"
    kill_libvirtd_during alice revert firewall/web
    echo "$output"
    [ "$status" -eq 75 ]
    [[ $output != *"is pristine and starts"* ]]
    [ -z "$(find /var/lib/xworlds/worlds -name '*.new*')" ]
    qemu-img check -U "$OVERLAY"
    libvirtd_back
    run as alice revert firewall/web
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"is pristine"* ]]
    refute disk_is_marked
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    [ "$(processes_of "$DOMAIN")" -eq 1 ]
}

@test "revert: the control: marked, pristine, running" {
    mark_disk
    disk_is_marked
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    disk_is_marked
    run as alice revert firewall/web
    [ "$status" -eq 0 ]
    [[ $output == *"is pristine and starts again"* ]]
    refute disk_is_marked
    [ "$(state_of "$DOMAIN")" = running ]
}

@test "revert: libvirtd killed while it turns the machine off: 75, then it completes" {
    killed_revert "stopped end"
}

@test "revert: libvirtd killed while it starts the machine again: 75, then it completes" {
    killed_revert "start begin"
}

# T-L1
@test "libvirtd hung: list and status give up after their deadline with 75, then work again" {
    kill -STOP "$(libvirtd_pid)"
    local before=$SECONDS status_client list_client
    as alice status firewall >"$BATS_TEST_TMPDIR/status" 2>&1 3>&- &
    status_client=$!
    as alice list >"$BATS_TEST_TMPDIR/list" 2>&1 3>&- &
    list_client=$!
    status=0
    wait "$status_client" || status=$?
    [ "$status" -eq 75 ]
    status=0
    wait "$list_client" || status=$?
    [ "$status" -eq 75 ]
    ((SECONDS - before >= 9))
    grep -q 'longer than it may' "$BATS_TEST_TMPDIR/status"
    grep -q 'longer than it may' "$BATS_TEST_TMPDIR/list"
    kill -CONT "$(libvirtd_pid)"
    run as alice status firewall
    [ "$status" -eq 0 ]
    run as alice list
    [ "$status" -eq 0 ]
}

@test "prepare: confined by its filter while it works on worlds" {
    kill -STOP "$(libvirtd_pid)"
    xwadm prepare alice >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    local prepare=$!
    confined() {
        grep -q '^Seccomp:[[:space:]]*2' "/proc/$(pgrep -n -P "$(cat /run/throwaway/keeper.pid)")/status"
    }
    wait_for confined
    kill -CONT "$(libvirtd_pid)"
    wait "$prepare"
    grep -q '^firewall: is there' "$BATS_TEST_TMPDIR/said"
}

# hung VERB: start and revert have 120 s.
hung() {
    kill -STOP "$(libvirtd_pid)"
    run as alice "$1" firewall/web
    [ "$status" -eq 75 ]
    [[ $output == *"longer than it may"* ]]
    kill -CONT "$(libvirtd_pid)"
    run as alice "$1" firewall/web
    [ "$status" -eq 0 ]
}

# bats test_tags=full
@test "libvirtd hung: start gives up after its deadline with 75, then works again" {
    hung start
}

# bats test_tags=full
@test "libvirtd hung: revert gives up after its deadline with 75, then works again" {
    hung revert
}

# bats test_tags=full
@test "libvirtd hung: xwadm deploy and destroy give up after a minute with 75, then work again" {
    kill -STOP "$(libvirtd_pid)"
    xwadm destroy firewall --user alice --yes >"$BATS_TEST_TMPDIR/destroy" 2>&1 3>&- &
    local destroy=$!
    run xwadm deploy crowd --user crowd1
    [ "$status" -eq 75 ]
    [[ $output == *"nothing has moved for a minute"* ]]
    status=0
    wait "$destroy" || status=$?
    [ "$status" -eq 75 ]
    grep -q 'nothing has moved for a minute' "$BATS_TEST_TMPDIR/destroy"
    kill -CONT "$(libvirtd_pid)"
    run xwadm deploy crowd --user crowd1
    [ "$status" -eq 0 ]
    run xwadm destroy crowd --user crowd1 --yes
    [ "$status" -eq 0 ]
    run as alice status firewall
    [ "$status" -eq 0 ]
}
