#!/usr/bin/env bats
# What happens to worlds of labs that have closed: tick stops them, purge removes them. Times are far
# in the past and in the future, so no clock is waited for.
# shellcheck shell=bash
bats_require_minimum_version 1.5.0
load lib/common
load lib/screen

LABS=/var/lib/xworlds/labs
WORLDS=/var/lib/xworlds/worlds
OWNERS=/var/lib/xworlds/owners

# lab NAME [LINE...]: applies a lab of two machines with these lines in its section "access".
lab() {
    local name=$1 line
    shift
    {
        printf 'xworlds: 1\ntitle: Lab %s\naccess:\n  students: [cs530]\n' "$name"
        printf '  instructors: [cs530-ta]\n'
        for line; do
            printf '  %s\n' "$line"
        done
        printf 'machines:\n  box: {image: tiny, memory: 96}\n  cup: {image: tiny, memory: 96}\n'
    } >"$BATS_FILE_TMPDIR/$name.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/$name.yaml"
}

setup_file() {
    cp -P /etc/localtime "$BATS_FILE_TMPDIR/localtime"
    ln -sf /usr/share/zoneinfo/UTC /etc/localtime
    cp /etc/xworlds/xworlds.conf "$BATS_FILE_TMPDIR/xworlds.conf"
    # So that no guest's boot is waited for; what the button does is stop's own test.
    printf 'stop-grace = 1\n' >>/etc/xworlds/xworlds.conf
    xwadm image add build/images/tiny
    local name
    for name in closed open always; do
        lab "$name"
        xwadm deploy "$name" --user alice --user bob
    done
    lab open 'closes: 2100-01-01 08:00'
    lab closed 'closes: 2001-01-01 08:00' 'grace: 30'
    xwadm extend closed alice '2100-01-01 08:00'
}

teardown_file() {
    local name
    for name in closed open always; do
        xwadm destroy "$name" --all --force --yes || true
        xwadm lab remove "$name"
    done
    cp "$BATS_FILE_TMPDIR/xworlds.conf" /etc/xworlds/xworlds.conf
    cp -P --remove-destination "$BATS_FILE_TMPDIR/localtime" /etc/localtime
}

teardown() {
    local domain
    while read -r domain; do
        [[ -z $domain ]] || virsh -q -c qemu:///system destroy "$domain"
    done < <(virsh -q -c qemu:///system list --name)
    xwadm deploy closed --user alice --user bob >/dev/null
    close_screen
}

# on LAB OWNER [MACHINE...]: the machines run from now on. No person could start these: virsh.
on() {
    local lab=$1 owner=$2 machine
    shift 2
    for machine in "${@:-box}"; do
        made_partition "xw:$lab:$owner:$machine"
        virsh -q -c qemu:///system start "xw:$lab:$owner:$machine" >/dev/null
    done
}

runs() {
    [ "$(virsh -q -c qemu:///system domstate "xw:$1:$2:${3-box}")" = running ]
}


# The same, and words on the standard error for a person.
tick() {
    run --separate-stderr xwadm tick "$@"
    # shellcheck disable=SC2154 # set by run
    printf 'tick %s: %s\n%s\n(%s)\n' "$*" "$status" "$output" "$stderr"
}

purge() {
    run --separate-stderr xwadm purge "$@" </dev/null
    printf 'purge %s: %s\n%s\n(%s)\n' "$*" "$status" "$output" "$stderr"
}

# T-E8
@test "tick stops what has closed, for its owner, and nothing else; a second one does nothing" {
    on closed bob box cup
    on closed alice
    on open bob
    on always bob
    tick --dry-run
    [ "$status" -eq 0 ]
    [ "$output" = $'closed/bob/box: would be stopped\nclosed/bob/cup: would be stopped' ]
    runs closed bob
    runs closed bob cup
    tick
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "${#lines[@]}" -eq 2 ]
    [[ $output == *'closed/bob/box: '*stopped* ]]
    [[ $output == *'closed/bob/cup: '*stopped* ]]
    refute runs closed bob
    refute runs closed bob cup
    runs closed alice
    runs open bob
    runs always bob
    tick
    [ "$status" -eq 0 ]
    [ -z "$output$stderr" ]
    tick --json
    [ "$(jq -c . <<<"$output")" = '{"schema":1,"dry_run":false,"worlds":[]}' ]
    # The extension taken back, hers is as the others.
    xwadm extend closed alice --none
    tick --json
    xwadm extend closed alice '2100-01-01 08:00'
    [ "$status" -eq 0 ]
    [ "$(jq -c '.worlds[] | [.lab, .owner, .ended, [.machines[] | [.name, .result]]]' <<<"$output")" = \
        '["closed","alice","2001-01-01T08:30:00Z",[["box","stopped"]]]' ]
    refute runs closed alice
    runs open bob
}

# T-E8
@test "in the grace time machines go on; an open console of a stopped one ends by itself" {
    lab open "closes: $(date -d '10 minutes ago' '+%Y-%m-%d %H:%M')" 'grace: 60'
    as alice start always/box
    on open bob
    tick
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    runs open bob
    mkfifo "$BATS_TEST_TMPDIR/keys"
    ssh -F /run/throwaway/ssh_config -tt alice@lab console always/box \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    local pid=$!
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q Connected "$BATS_TEST_TMPDIR/screen"
    lab always 'closes: 2001-01-01 08:00'
    tick
    lab always
    lab open 'closes: 2100-01-01 08:00'
    [[ $output == 'always/alice/box: '*stopped* ]]
    wait "$pid" || true
    exec 9>&-
    grep -q 'The console of always/box has closed' "$BATS_TEST_TMPDIR/screen"
    refute pgrep -x xwrelay
}

# T-E8
@test "an instructor's own world is not bound by the window; once she is none, it is" {
    usermod -aG cs530 tina
    xwadm deploy closed --user tina
    on closed tina
    tick
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    runs closed tina
    gpasswd -d tina cs530-ta
    tick
    gpasswd -a tina cs530-ta
    gpasswd -d tina cs530
    [[ $output == 'closed/tina/box: '*stopped* ]]
    refute runs closed tina
    xwadm destroy closed --user tina --yes
}

# T-E8
@test "a record that can't be read is told, leaves its worlds alone and stops no other" {
    on closed bob
    on open bob
    cp -a "$LABS/open/access" "$BATS_TEST_TMPDIR/access"
    sed -i 's/^closes.*/closes tomorrow/' "$LABS/open/access"
    tick
    cp -a "$BATS_TEST_TMPDIR/access" "$LABS/open/access"
    [ "$status" -eq 1 ]
    [[ $output == 'closed/bob/box: '*stopped* ]]
    [[ $stderr == 'xwadm: the worlds of the lab "open" are left alone, it can'*'t be known when it closes: '* ]]
    runs open bob
    # The owner's: it may hold the extension that keeps the world.
    local record
    record=$OWNERS/$(id -u alice)
    cp -a "$record" "$BATS_TEST_TMPDIR/record"
    on closed alice
    on closed bob
    sed -i 's/^until .*/until then/' "$record"
    tick
    local ticked="$status $output $stderr"
    purge --yes
    cp -a "$BATS_TEST_TMPDIR/record" "$record"
    [[ $ticked == '1 closed/bob/box: '*'closed/alice is left alone, an extension can'* ]]
    [ "$status" -eq 1 ]
    [ -d "$WORLDS/closed/alice" ]
    [ ! -d "$WORLDS/closed/bob" ]
    runs closed alice
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

hold() {
    perl -e "$HOLD_LOCK" "$1" >"$BATS_TEST_TMPDIR/lock" 3>&- 9>&- &
    HOLDER=$!
    wait_for grep -q held "$BATS_TEST_TMPDIR/lock"
}

# T-E8
@test "a world that is being worked on is waited for, told and left; what was extended meanwhile stays on" {
    on closed bob
    hold "$WORLDS/closed/.bob.lock"
    tick
    local first="$status $output $stderr"
    xwadm tick >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    local pid=$! code=0
    wait_for pgrep -P "$pid"
    xwadm extend closed bob '2100-01-01 08:00'
    kill "$HOLDER"
    wait "$pid" || code=$?
    xwadm extend closed bob --none
    cat "$BATS_TEST_TMPDIR/said"
    [ "$first" = '75  xwadm: closed/bob: is being worked on; the next pass looks after it' ]
    [ "$code" -eq 0 ]
    [ ! -s "$BATS_TEST_TMPDIR/said" ]
    runs closed bob
    tick
    [ "$status" -eq 0 ]
    refute runs closed bob
}

# T-E8
@test "purge shows what it would remove; without --yes and a terminal it removes nothing" {
    purge --dry-run
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^LAB\ +OWNER\ +CLOSED\ SINCE\ +DISK\ +LAST\ USE$ ]]
    [[ ${lines[1]} =~ ^closed\ +bob\ +2001-01-01\ 08:00\ UTC\ +[0-9.]+\ [KM]iB\ +20[0-9-]+\ [0-9:]+\ UTC$ ]]
    [[ ${lines[2]} =~ ^1\ world,\ [0-9.]+\ [KM]iB\ on\ the\ disk\.$ ]]
    [ "${#lines[@]}" -eq 3 ]
    purge --dry-run --json
    [ "$status" -eq 0 ]
    [ "$(jq -c '[.schema, .dry_run, .keep_closed_days, (.worlds | length)]' <<<"$output")" = '[1,true,30,1]' ]
    [ "$(jq -c '.worlds[] | [.lab, .owner, .closed, .ended, .result]' <<<"$output")" = \
        '["closed","bob","2001-01-01T08:00:00Z","2001-01-01T08:30:00Z","due"]' ]
    [ "$(jq '.worlds[0].bytes' <<<"$output")" -eq "$(find "$WORLDS/closed/bob" -type f -printf '%b\n' |
        awk '{ sum += $1 } END { print sum * 512 }')" ]
    [ "$(jq -r '.worlds[0].last_use' <<<"$output")" = \
        "$(date -u -d "@$(find "$WORLDS/closed/bob" -type f ! -name owner -printf '%Ts\n' | sort -n |
            tail -n 1)" +%Y-%m-%dT%H:%M:%SZ)" ]
    purge
    [ "$status" -eq 1 ]
    [[ $stderr == 'xwadm: without a terminal, add --yes to remove this world. Nothing has been removed' ]]
    purge --json
    [ "$status" -eq 2 ]
    purge nosuch --yes
    [ "$status" -eq 3 ]
    purge open --yes
    [ "$status" -eq 0 ]
    [ "$stderr" = 'xwadm: there is no world that has been closed for 30 days' ]
    purge --user alice --yes
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ -d "$WORLDS/closed/bob" ]
    open_screen
    type_line 'xwadm purge'
    see 'Type "purge" to go on:'
    type_line 'yes'
    see 'that is not "purge". Nothing has been removed'
    [ -d "$WORLDS/closed/bob" ]
}

# T-E8
@test "purge --yes removes what has been closed long enough, and nothing else; a login makes no new one" {
    local worlds
    worlds=$(ls -d "$WORLDS"/*/*)
    xwadm extend open bob '2100-02-01 08:00'
    printf 'keep-closed = 36500\n' >>/etc/xworlds/xworlds.conf
    purge --yes
    [ "$status" -eq 0 ]
    [ "$stderr" = 'xwadm: there is no world that has been closed for 36500 days' ]
    sed -i '/^keep-closed/d' /etc/xworlds/xworlds.conf
    # What runs is not turned off.
    on closed bob
    purge --yes
    [ "$status" -eq 1 ]
    [[ $stderr == 'xwadm: closed/bob: machines run; '* ]]
    runs closed bob
    tick
    purge --yes
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "${lines[-1]}" = 'closed/bob: removed' ]
    [ "$(ls -d "$WORLDS"/*/*)" = "$(grep -v /closed/bob <<<"$worlds")" ]
    refute virsh -q -c qemu:///system domstate xw:closed:bob:box
    virsh -q -c qemu:///system domstate xw:closed:alice:box
    refute grep -q '^lab closed' "$OWNERS/$(id -u bob)"
    grep -q '^lab open' "$OWNERS/$(id -u bob)"
    run xwadm prepare bob
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'open: is there'* ]]
    [ ! -e "$WORLDS/closed/bob" ]
    run xwadm who-can closed
    echo "$output"
    # shellcheck disable=SC2016 # no commands
    [[ $output == *'the lab has closed, a world is only made by `xwadm deploy closed --user bob`'* ]]
    purge --yes
    [ "$status" -eq 0 ]
}

# T-E8
@test "what is extended between the question and the answer stays" {
    open_screen
    type_line 'xwadm purge; echo "status $?"'
    see 'closed +bob +2001-01-01 08:00 UTC'
    see 'Type "purge" to go on:'
    xwadm extend closed bob '2100-01-01 08:00'
    type_line purge
    see 'closed/bob: its time has changed meanwhile, it stays'
    see 'status 0'
    xwadm extend closed bob --none
    [ -d "$WORLDS/closed/bob" ]
    type_line 'xwadm purge closed --user bob'
    see '--user bob.*Type "purge" to go on:'
    type_line purge
    see 'closed/bob: removed'
    [ ! -e "$WORLDS/closed/bob" ]
}

@test "the units are well-formed, and the service has an exposure below 2.0" {
    local units=/usr/local/lib/systemd/system
    run systemd-analyze verify "$units/xworlds-tick.service" "$units/xworlds-tick.timer"
    echo "$output"
    [ "$status" -eq 0 ]
    refute grep -F xworlds <<<"$output"
    run systemd-analyze security --offline=true --no-pager --threshold=19 "$units/xworlds-tick.service"
    tail -n 1 <<<"$output"
    [ "$status" -eq 0 ]
    grep -v -e CapabilityBoundingSet -e SystemCallFilter "$units/xworlds-tick.service" \
        >"$BATS_TEST_TMPDIR/xworlds-tick.service"
    run systemd-analyze security --offline=true --no-pager --threshold=19 "$BATS_TEST_TMPDIR/xworlds-tick.service"
    [ "$status" -ne 0 ]
}
