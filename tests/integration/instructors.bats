#!/usr/bin/env bats
# What an instructor can do with the worlds of a lab, over real ssh and on a screen, and where that
# ends. tina looks after firewall, ian after other.
# shellcheck shell=bash
load lib/common
load lib/screen

readonly WORLDS=/var/lib/xworlds/worlds
readonly OWNERS=/var/lib/xworlds/owners

# lab NAME STUDENTS INSTRUCTORS [LINE...]: the firewall lab for other groups.
lab() {
    apply_firewall_as "$1" "students: [$2]" "instructors: [$3]" "${@:4}"
}

setup_file() {
    groupadd other-ta
    groupadd cs531
    groupadd blue
    make_person ian xworlds,other-ta
    make_person carol xworlds,cs530
    make_person oscar xworlds,cs531
    xwadm image add build/images/tiny
    lab firewall cs530 cs530-ta 'teams: [blue]'
    lab other cs531 other-ta
    xwadm deploy firewall --user alice --user bob --user @blue
    xwadm deploy other --user oscar
}

teardown_file() {
    local user
    # The last test's: with a journald the keeper's log says nothing.
    tests/throwaway-host service stop journald || true
    for user in ian carol oscar; do
        pkill -KILL -u "$user" || true
    done
    remove_person ian carol oscar
    xwadm destroy firewall --all --force --yes
    xwadm destroy other --all --force --yes
    xwadm lab remove other
    xwadm lab apply labs/firewall/lab.yaml
    groupdel blue
    groupdel cs531
    groupdel other-ta
}

setup() {
    PIDS=()
}

teardown() {
    end_processes "${PIDS[@]}"
    close_screen
}

runs() {
    [ "$(virsh -q -c qemu:///system domstate "xw:firewall:$1:$2")" = running ]
}

overlay() {
    stat -c '%i %Z' "$(virsh -c qemu:///system domblklist "xw:firewall:$1:$2" --details |
        awk '/disk/ { print $4; exit }')"
}

@test "list --lab: every world with owner, machines, what runs and last use; as a table, and for programs" {
    as bob start firewall/web
    run as tina list --lab firewall
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} =~ ^firewall:@blue$'\t'@blue$'\t'3$'\t'0$'\t' ]]
    [[ ${lines[1]} =~ ^firewall:alice$'\t'alice$'\t'3$'\t'0$'\t' ]]
    [[ ${lines[2]} =~ ^firewall:bob$'\t'bob$'\t'3$'\t'1$'\t'20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'\t'open ]]
    run as tina list --lab=firewall --json
    echo "$output"
    [ "$status" -eq 0 ]
    python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["schema"] == 1 and d["lab"] == "firewall"
w = {x["owner"]: x for x in d["worlds"]}
assert sorted(w) == ["@blue", "alice", "bob"]
assert w["bob"]["world"] == "firewall:bob" and w["bob"]["running"] == 1
assert w["bob"]["last_use"] and w["alice"]["machines"] == 3' <<<"$output"
    run ssh -F /run/throwaway/ssh_config -tt tina@lab list --lab firewall
    echo "$output"
    [[ $output =~ WORLD\ +OWNER\ +MACHINES\ +RUNNING\ +LAST\ USE ]]
    as bob stop firewall/web --force
}

@test "status, start, reboot, stop and revert of a student's and a team's world" {
    run as tina status firewall:alice
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'web\toff\t'* ]]
    run as tina start firewall:alice/web
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == 'firewall:alice/web: '* ]]
    runs alice web
    refute runs bob web
    run as alice status firewall
    [[ $output == *$'web\trunning\t'* ]]
    run as tina reboot firewall:alice/web --force
    [ "$status" -eq 0 ]
    run as tina stop firewall:alice --force
    [ "$status" -eq 0 ]
    refute runs alice web
    local before others
    before=$(overlay alice web)
    others=$(overlay bob web)
    run as tina revert firewall:alice/web --json
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'"world":"firewall:alice"'*'"result":"done"'* ]]
    [ "$(overlay alice web)" != "$before" ]
    [ "$(overlay bob web)" = "$others" ]
    run as tina start firewall:@blue/router
    [ "$status" -eq 0 ]
    runs @blue router
    run as tina stop firewall:@blue --force
    [ "$status" -eq 0 ]
    # Her own she has none of.
    run as tina status firewall
    [ "$status" -eq 3 ]
}

@test "the console of a student's world, with its owner's name" {
    as alice start firewall/web
    mkfifo "$BATS_TEST_TMPDIR/keys"
    TERM=xterm ssh -F /run/throwaway/ssh_config -tt tina@lab console firewall:alice/web \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    PIDS+=("$!")
    local keys
    exec {keys}>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q 'Connected to firewall:alice/web' "$BATS_TEST_TMPDIR/out"
    logging_in() {
        printf '\r' >&"$keys"
        sleep 0.3
        grep -qa 'login:' "$BATS_TEST_TMPDIR/out"
    }
    wait_for logging_in
    printf '\x1d' >&"$keys"
    wait_for grep -q 'Left the console of firewall:alice/web' "$BATS_TEST_TMPDIR/out"
    as alice stop firewall --force
}

# T-E1 T-E6
@test "in another lab an instructor gets the answer that what does not exist gets" {
    local verb nowhere
    for verb in status start 'stop --force' revert 'list --lab' who-can 'prepare other oscar #' 'extend other oscar --none #'; do
        # shellcheck disable=SC2086 # several words
        case $verb in
            'list --lab' | who-can)
                nowhere=$(as_new_login tina ${verb} nosuch 2>&1) && false
                run as_new_login tina ${verb} other ;;
            *'#')
                nowhere=$(as_new_login tina ${verb%% *} nosuch oscar ${verb#* oscar} 2>&1) && false
                nowhere=$(as_new_login tina status nosuch 2>&1) && false
                run as_new_login tina ${verb% #} ;;
            *)
                nowhere=$(as_new_login tina ${verb/ / nosuch:oscar } 2>&1) && false
                nowhere=$(as_new_login tina status nosuch:oscar 2>&1) && false
                run as_new_login tina ${verb%% *} other:oscar ;;
        esac
        echo "$verb: $status $output"
        [ "$status" -eq 3 ]
        [ "$output" = "$nowhere" ]
    done
    # A world that isn't there, of a lab that is hers; and the control.
    run as_new_login tina status firewall:nosuch
    [ "$status" -eq 3 ]
    run as_new_login ian status other:oscar
    [ "$status" -eq 0 ]
}

# may USER WORD...: the exit code of what is asked, as a login of theirs would get it.
may() {
    local code=0
    as_new_login "$@" >"$BATS_TEST_TMPDIR/answer" 2>&1 || code=$?
    printf '%s' "$code"
}

# T-E1
@test "who may do what: a table of people, verbs and worlds" {
    gpasswd -a carol blue
    xwadm deploy firewall --user carol >/dev/null
    local table='
        who    own    alice  @blue  list-lab who-can other
        alice  0      0      3      3        3       3
        carol  0      3      0      3        3       3
        tina   3      0      0      0        0       3
        ian    3      3      3      3        3       0
        oscar  3      3      3      3        3       3'
    local who own alice blue list can other got wrong=''
    while read -r who own alice blue list can other; do
        [[ -n $who && $who != who ]] || continue
        got=$(may "$who" status firewall)
        got+=" $(may "$who" status firewall:alice) $(may "$who" status firewall:@blue)"
        got+=" $(may "$who" list --lab firewall) $(may "$who" who-can firewall)"
        got+=" $(may "$who" status other:oscar)"
        [[ $who == oscar ]] && other=0
        [[ $got == "$own $alice $blue $list $can $other" ]] || wrong+="$who: $got"$'\n'
        # What changes something is decided as what looks: a stop of what is off.
        got="$(may "$who" stop firewall:alice --force) $(may "$who" stop firewall:@blue --force)"
        [[ $got == "$alice $blue" ]] || wrong+="$who: stop: $got"$'\n'
        got="$(may "$who" extend firewall alice --none) $(may "$who" prepare firewall alice)"
        [[ $got == "$list $list" ]] || wrong+="$who: extend, prepare: $got"$'\n'
    done <<<"$table"
    gpasswd -d carol blue
    xwadm destroy firewall --user carol --yes
    echo "$wrong"
    [ -z "$wrong" ]
}

@test "a revert on a terminal names the owner, and wants the owner's name" {
    local before
    before=$(overlay alice web)
    open_screen
    type_line 'ssh -F /run/throwaway/ssh_config -t tina@lab revert firewall:alice/web; echo "ended $?"'
    see 'This puts firewall:alice/web back to its first state'
    see 'Type alice to go on:'
    type_line web
    see 'Nothing was changed'
    see 'ended 1'
    [ "$(overlay alice web)" = "$before" ]
    keys C-l
    type_line 'clear; ssh -F /run/throwaway/ssh_config -t tina@lab revert firewall:alice/web; echo "ended $?"'
    see 'Type alice to go on:'
    type_line alice
    see 'ended 0'
    [ "$(overlay alice web)" != "$before" ]
}

@test "the menu: a lab that one looks after opens, with all its worlds; a world says whose it is" {
    open_screen
    type_line 'ssh -F /run/throwaway/ssh_config -t tina@lab; echo "ended $?"'
    see 'firewall +all worlds +A firewall'
    keys Enter
    see 'All worlds of firewall: A firewall'
    see 'OWNER +MACHINES +LAST USE'
    see '@blue +0 of 3 run'
    see 'alice +0 of 3 run'
    keys Down
    keys Enter
    see 'firewall:alice: A firewall'
    see 'router +off'
    keys s
    see 'router +(starting|running)'
    wait_for runs alice router
    keys V
    see 'Revert firewall:alice\?'
    see 'Type alice:'
    keys Escape
    see 'Nothing was changed'
    keys t
    see 'firewall:alice/router'
    keys q
    see 'All worlds of firewall'
    keys q
    see 'Your worlds'
    keys q
    see 'ended 0'
    as alice stop firewall --force
}

@test "who-can, extend and prepare over ssh" {
    lab firewall cs530 cs530-ta 'teams: [blue]' 'closes: 2001-01-01 08:00'
    run as tina who-can firewall
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'student\tcs530\t'*alice* ]]
    [[ $output == *$'team\tblue\t'* ]]
    [[ $output == *$'instructor\tcs530-ta\ttina'* ]]
    run as alice start firewall/web
    [ "$status" -eq 4 ]
    # The window binds the student, and not the instructor.
    run as tina start firewall:alice/web
    [ "$status" -eq 0 ]
    as tina stop firewall:alice --force
    run as tina extend firewall alice '2100-01-01 08:00'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == 'firewall is open for alice until '*2100* ]]
    grep -q '^until 4102' "$OWNERS/$(id -u alice)"
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    as alice stop firewall --force
    run as bob start firewall/web
    [ "$status" -eq 4 ]
    run as tina who-can firewall --json
    python3 -c '
import json, sys
d = json.load(sys.stdin)
assert [(e["owner"]) for e in d["extensions"]] == ["alice"], d
assert {g["role"] for g in d["groups"]} == {"student", "team", "instructor"}
assert d["window"]["state"] == "closed"' <<<"$output"
    run as tina extend firewall alice --none
    [ "$status" -eq 0 ]
    run as alice start firewall/web
    [ "$status" -eq 4 ]
    run as tina extend firewall @blue 2d
    [ "$status" -eq 0 ]
    grep -q '^until ' "$OWNERS/g$(getent group blue | cut -d: -f3)"
    # What is no time, no extension, or of nobody.
    run as tina extend firewall alice soon
    [ "$status" -eq 2 ]
    run as tina extend firewall alice '2000-01-01 08:00'
    [ "$status" -eq 1 ]
    run as tina extend firewall nosuch 2d
    [ "$status" -eq 3 ]
    run as tina extend firewall alice
    [ "$status" -eq 2 ]
    lab firewall cs530 cs530-ta 'teams: [blue]'
    run as tina extend firewall alice 2d
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'there is nothing to extend'* ]]
    # Before their first login.
    [ ! -e "$WORLDS/firewall/carol" ]
    run as tina prepare firewall carol @blue
    echo "$output"
    [ "$status" -eq 0 ]
    [ -d "$WORLDS/firewall/carol" ]
    run as carol status firewall
    [ "$status" -eq 0 ]
    run as tina prepare firewall nosuch
    [ "$status" -ne 0 ]
    run as alice prepare firewall alice
    [ "$status" -eq 3 ]
    xwadm destroy firewall --user carol --yes
}

# T-K2
@test "xwadm audit names the instructor and the owner" {
    tests/throwaway-host service start journald
    as tina start firewall:alice/web
    as tina list --lab firewall >/dev/null
    as tina stop firewall:alice/web --force
    # Nothing of the kernel's: it doesn't audit here.
    : >"$BATS_TEST_TMPDIR/log"
    told() {
        xwadm audit --since all --log "$BATS_TEST_TMPDIR/log" --user tina --json >"$BATS_TEST_TMPDIR/audit" 2>/dev/null || true
        grep -q '"stop"' "$BATS_TEST_TMPDIR/audit"
    }
    wait_for told
    cat "$BATS_TEST_TMPDIR/audit"
    xwadm audit --since all --log "$BATS_TEST_TMPDIR/log" --user tina >"$BATS_TEST_TMPDIR/text" 2>/dev/null || true
    cat "$BATS_TEST_TMPDIR/text"
    grep -qE ' tina +- +start +firewall/web of alice +done ' "$BATS_TEST_TMPDIR/text"
    grep -qE ' tina +- +worlds +firewall +done ' "$BATS_TEST_TMPDIR/text"
}
