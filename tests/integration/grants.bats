#!/usr/bin/env bats
# Giving a lab to people and taking it away, with the system's own tools: real groups, real ssh, real
# PAM, and a source of names that is not the host's files.
# shellcheck shell=bash disable=SC2030,SC2031 # each test has its own PIDS, as intended
load lib/common

readonly WORLDS=/var/lib/xworlds/worlds/firewall
readonly EXTRA=/var/lib/extrausers

# make_lab NAME GROUPS: the firewall lab once more, for other groups.
make_lab() {
    sed "s/students: .*/students: [$2]/" labs/firewall/lab.yaml >"$BATS_FILE_TMPDIR/$1.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/$1.yaml"
}

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user alice --user bob
    cp -a /etc/nsswitch.conf /run/nsswitch.before
    cp -a /usr/bin/gpasswd /run/gpasswd.before
    make_person carol xworlds
    make_person dave xworlds
    pam_on
}

teardown_file() {
    rm -rf "$EXTRA" "$BATS_FILE_TMPDIR"/*.yaml
    pam_off
    xwadm destroy firewall --user carol --user dave --yes --force || true
    remove_person carol dave
}

setup() {
    PIDS=()
    cp -a /etc/group "$BATS_TEST_TMPDIR/group"
}

# Whatever a test has started, by its number; groups are as they were.
teardown() {
    end_processes "${PIDS[@]}"
    [[ ! -S $BATS_TEST_TMPDIR/master ]] ||
        ssh -F /run/throwaway/ssh_config -S "$BATS_TEST_TMPDIR/master" -O exit alice@lab || true
    kill -CONT "$(</run/throwaway/libvirtd.pid)"
    cp -a /run/gpasswd.before /usr/bin/gpasswd
    cp -a /run/nsswitch.before /etc/nsswitch.conf
    cp -a "$BATS_TEST_TMPDIR/group" /etc/group
}

groups_are_as_before() {
    cmp /etc/group "$BATS_TEST_TMPDIR/group"
}

# open_session NAME USER WORD...: ssh on a terminal, in the background; what it shows is in NAME.out,
# what is written to NAME.in it reads. Adds to PIDS, sets SESSION.
open_session() {
    local name=$BATS_TEST_TMPDIR/$1 user=$2
    shift 2
    mkfifo "$name.in"
    TERM=xterm ssh -F /run/throwaway/ssh_config -o ServerAliveInterval=5 -tt "$user@lab" "$@" \
        <"$name.in" >"$name.out" 2>&1 3>&- &
    SESSION=$!
    PIDS+=("$SESSION")
    exec {KEYS}>"$name.in"
}

# shows NAME TEXT
shows() {
    grep -qaF -- "$2" "$BATS_TEST_TMPDIR/$1.out"
}

runs() {
    kill -0 "$1" 2>/dev/null
}

is_gone() {
    ! runs "$1"
}

# field LAB USER KEY: of who-can.
field() {
    xwadm who-can "$1" --json | python3 -c '
import json, sys
people = {p["user"]: p for p in json.load(sys.stdin)["people"]}
print(people[sys.argv[1]].get(sys.argv[2]))' "$2" "$3"
}

@test "grant: the next login makes the world and lists it; revoke: the next one is refused, and the world stays" {
    run as carol list
    [ "$status" -eq 255 ]
    run xwadm grant firewall carol
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == 'carol: added to cs530'* ]]
    [[ $(getent group cs530) == *carol* ]]
    [ "$(field firewall carol reason)" = no_world ]
    run as carol list
    [ "$status" -eq 0 ]
    [[ $output == $'firewall\tcarol\t3\t'* ]]
    [ "$(field firewall carol reason)" = world ]
    run xwadm grant firewall carol
    [ "$status" -eq 0 ]
    [ "$output" = 'carol: is in cs530 already' ]
    run xwadm revoke firewall carol
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = 'carol: taken out of cs530' ]
    [ "${lines[1]}" = 'carol: nothing that runs has the group: the next request is refused' ]
    run as carol list
    [ "$status" -eq 255 ]
    run as_new_login carol status firewall
    [ "$status" -eq 3 ]
    [ -d "$WORLDS/carol" ]
    [ "$(field firewall carol reason)" = left_group ]
    run xwadm revoke firewall carol --now
    [ "$status" -eq 0 ]
    [[ $output == *'carol: is not in cs530'*'ended 0 consoles and 0 processes'* ]]
    groups_are_as_before
}

# T-E1
@test "who-can says of everybody what gate and keeper then do, and why" {
    gpasswd -a root cs530
    useradd -M -g cs530 -s /usr/local/bin/xwsh prim
    useradd -M -s /usr/local/bin/xwsh oscar
    xwadm deploy firewall --user prim --user carol
    xwadm who-can firewall >"$BATS_TEST_TMPDIR/who"
    cat "$BATS_TEST_TMPDIR/who"
    local -A why=(
        [alice]='yes +0 of 3 running +in cs530'
        [bob]='yes +0 of 3 running +in cs530'
        [carol]='no +0 of 3 running +has a world, but is in no student group any more: cs530'
        [prim]='yes +0 of 3 running +in cs530 \(primary group\)'
        [root]='no +none +uid 0 never may: root has xwadm'
        [tina]='instructor +none +in cs530-ta'
    )
    local user code got=''
    for user in "${!why[@]}"; do
        grep -qE "^$user +${why[$user]}\$" "$BATS_TEST_TMPDIR/who" || { echo "who-can: $user" && false; }
    done
    refute grep -q oscar "$BATS_TEST_TMPDIR/who"
    xwadm what-can oscar | grep -qE '^firewall +no +none +in no group of the lab: cs530$'
    for user in alice bob carol prim tina oscar; do
        code=0
        as_new_login "$user" status firewall >/dev/null 2>&1 || code=$?
        got+="$user $code $(xwadm what-can "$user" | awk '$1 == "firewall" { print $2 }') "
    done
    echo "$got"
    [ "$got" = 'alice 0 yes bob 0 yes carol 3 no prim 0 yes tina 3 instructor oscar 3 no ' ]
    # A uid that was another's.
    userdel prim
    useradd -M -u "$(stat -c %n /var/lib/xworlds/owners/* | while read -r f; do
        grep -q '^name prim$' "$f" && basename "$f"; done)" -G cs530 -s /usr/local/bin/xwsh quinn
    run as_new_login quinn status firewall
    [ "$status" -eq 3 ]
    xwadm who-can firewall >"$BATS_TEST_TMPDIR/who"
    grep -qE "^quinn +no +none +the uid [0-9]+ was prim's" "$BATS_TEST_TMPDIR/who"
    grep -qE '^prim +no +0 of 3 running +has a world, but this host has no such user any more$' \
        "$BATS_TEST_TMPDIR/who"
    userdel quinn
    useradd -M -g cs530 prim
    xwadm destroy firewall --user prim --yes || true
    userdel prim
    userdel oscar
    run xwadm who-can nosuch
    [ "$status" -eq 3 ]
    run xwadm what-can nosuch
    [ "$status" -eq 3 ]
    run xwadm what-can ''
    [ "$status" -eq 2 ]
}

@test "who-can and what-can without libvirt: who may and why, what runs is unknown, 75" {
    tests/throwaway-host service kill libvirtd
    run xwadm who-can firewall
    local who=$status shown=$output
    run xwadm what-can alice --json
    tests/throwaway-host service start libvirtd
    echo "$shown" "$output"
    [ "$who" -eq 75 ]
    [[ $shown =~ alice\ +yes\ +3\ machines\ +in\ cs530 ]]
    [ "$status" -eq 75 ]
    [[ $output == *'"libvirt_answers": false'* && $output != *running_count* ]]
}

# T-E4
@test "a login that is open keeps the group and goes on; revoke --now ends its menu and its console, and nobody else's" {
    as alice start firewall/web
    as bob start firewall/web
    open_session menu alice
    local menu=$SESSION
    open_session console alice console firewall/web
    local console=$SESSION
    open_session bobs_menu bob
    local bobs_menu=$SESSION
    open_session bobs_console bob console firewall/web
    local bobs_console=$SESSION bobs_keys=$KEYS
    wait_for shows menu 'A firewall'
    wait_for shows bobs_menu 'A firewall'
    wait_for shows console 'Connected'
    wait_for shows bobs_console 'Connected'
    # A connection that is open takes more commands, each with the groups of its login.
    ssh -F /run/throwaway/ssh_config -M -S "$BATS_TEST_TMPDIR/master" -N -f alice@lab 3>&-
    # (Logged in it is with the first: sshd takes the groups after it has told the client.)
    ssh -F /run/throwaway/ssh_config -S "$BATS_TEST_TMPDIR/master" alice@lab status firewall
    run xwadm revoke firewall alice
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output =~ alice:\ [0-9]+\ processes\ have\ the\ group\ from\ a\ login\ that\ is\ open ]]
    # shellcheck disable=SC2016 # what it says
    [[ $output == *'`xwadm revoke firewall alice --now` ends them'* ]]
    run ssh -F /run/throwaway/ssh_config -S "$BATS_TEST_TMPDIR/master" alice@lab status firewall
    echo "$output"
    [ "$status" -eq 0 ]
    xwadm who-can firewall | grep -qE '^alice +no .* but a login that is open still has the group, and may'
    runs "$menu" && runs "$console"
    local mark began=${EPOCHREALTIME/[.,]/}
    mark=$(wc -l </run/throwaway/log/keeper.log)
    run timeout 60 xwadm revoke firewall alice --now
    local took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
    echo "$output"
    echo "# ended in $took ms: ${lines[1]}" >&3
    [ "$status" -eq 0 ]
    [[ $output =~ alice:\ ended\ 1\ console\ and\ [0-9]+\ processes ]]
    ((took < 10000))
    wait_for is_gone "$menu"
    wait_for is_gone "$console"
    # The terminal was left as it was, and the console's end is on record as any other.
    grep -qaF $'\e[?1049l' "$BATS_TEST_TMPDIR/menu.out"
    tail -n "+$((mark + 1))" /run/throwaway/log/keeper.log | grep -q 'console firewall/alice/web (close).*result=done'
    # Nothing of hers has the group, and what asks anew is refused.
    run ssh -F /run/throwaway/ssh_config -o ControlPath="$BATS_TEST_TMPDIR/master" alice@lab status firewall
    [ "$status" -eq 255 ]
    run as_new_login alice status firewall
    [ "$status" -eq 3 ]
    run xwadm revoke firewall alice
    [[ $output == *'nothing that runs has the group'* ]]
    # bob's go on.
    runs "$bobs_menu" && runs "$bobs_console"
    printf '\r' >&"$bobs_keys"
    wait_for shows bobs_console 'login:'
    run as bob status firewall
    [ "$status" -eq 0 ]
    # As she was: the same login works again.
    xwadm grant firewall alice
    run as alice status firewall
    [ "$status" -eq 0 ]
    as alice stop firewall/web --force
}

# T-E4
@test "--now ends what ignores signals or is stopped, by uid and group: what never had the group goes on" {
    local stubborn stopped without neighbour
    setpriv --reuid alice --regid alice --init-groups bash -c 'trap "" HUP TERM INT; exec sleep 1000' 3>&- &
    stubborn=$!
    setpriv --reuid alice --regid alice --init-groups sleep 1000 3>&- &
    stopped=$!
    setpriv --reuid alice --regid alice --clear-groups sleep 1000 3>&- &
    without=$!
    setpriv --reuid bob --regid bob --init-groups sleep 1000 3>&- &
    neighbour=$!
    PIDS+=("$stubborn" "$stopped" "$without" "$neighbour")
    local pid
    for pid in "${PIDS[@]}"; do
        wait_for grep -qE $'^Uid:\t'"($(id -u alice)|$(id -u bob))" "/proc/$pid/status"
    done
    kill -STOP "$stopped"
    run timeout 60 xwadm revoke firewall alice --now
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'ended 0 consoles and 2 processes'* ]]
    wait_for is_gone "$stubborn"
    wait_for is_gone "$stopped"
    runs "$without"
    runs "$neighbour"
    run as_new_login alice status firewall
    [ "$status" -eq 3 ]
}

# T-E4
@test "--now ends a console whose data goes to somebody else, though no process of hers is left" {
    as alice start firewall/web
    as bob start firewall/web
    local hers bobs
    tests/integration/lib/hold_console alice firewall web >"$BATS_TEST_TMPDIR/hers.out" 2>&1 3>&- &
    hers=$!
    tests/integration/lib/hold_console bob firewall web >"$BATS_TEST_TMPDIR/bobs.out" 2>&1 3>&- &
    bobs=$!
    PIDS+=("$hers" "$bobs")
    wait_for shows hers open
    wait_for shows bobs open
    refute pgrep -au alice
    run timeout 60 xwadm revoke firewall alice --now
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'ended 1 console and 0 processes'* ]]
    wait_for shows hers ended
    refute shows bobs ended
    runs "$bobs"
    as bob stop firewall/web --force
    wait_for shows bobs ended
}

# at_work: the keeper is carrying out a request that isn't a console.
at_work() {
    pgrep -P "$(</run/throwaway/keeper.pid)" -u root >/dev/null
}

# bats test_tags=full
@test "--now waits for a request that was accepted before, says that it goes on, and it does" {
    kill -STOP "$(</run/throwaway/libvirtd.pid)"
    # Without a login, which would ask the keeper to prepare her worlds first.
    as_new_login alice start firewall/client >"$BATS_TEST_TMPDIR/start.out" 2>&1 3>&- &
    PIDS+=("$!")
    wait_for at_work
    local began=$SECONDS
    run timeout 60 xwadm revoke firewall alice --now
    local took=$((SECONDS - began))
    kill -CONT "$(</run/throwaway/libvirtd.pid)"
    echo "$took s: $output"
    [ "$status" -eq 0 ]
    [[ $output == *'alice: 1 request is under way that began before; it goes on to its end'* ]]
    ((took >= 19 && took < 40))
    wait_for is_gone "${PIDS[0]}"
    wait_for grep -q 'start firewall/alice/client .*result=done' /run/throwaway/log/keeper.log
    xwadm grant firewall alice
    as alice stop firewall/client --force
}

@test "a group of a directory is only read: nothing is written, and it is said where to change it" {
    mkdir -p "$EXTRA"
    echo 'lea:x:64001:64000::/nonexistent:/usr/local/bin/xwsh' >"$EXTRA/passwd"
    echo 'dir530:x:64000:alice' >"$EXTRA/group"
    touch "$EXTRA/shadow" "$EXTRA/gshadow"
    sed -i -E 's/^(passwd|group):.*files/& extrausers/' /etc/nsswitch.conf
    make_lab directory dir530
    local sums
    sums=$(sha256sum /etc/group /etc/gshadow /etc/passwd "$EXTRA"/*)
    run xwadm grant directory bob
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'dir530 is not in /etc/group: it comes from elsewhere (LDAP, SSSD)'* ]]
    [[ $output == *'not done: bob'* ]]
    run xwadm revoke directory alice --now
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'alice: dir530 is not in /etc/group'*'nothing was changed'* ]]
    # Who is in it already needs nothing.
    run xwadm grant directory alice lea
    [ "$status" -eq 0 ]
    [ "$output" = $'alice: is in dir530 already\nlea: is in dir530 already' ]
    run xwadm who-can directory
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output =~ alice\ +not\ yet\ +none\ +in\ dir530\; ]]
    [[ $output =~ lea\ +not\ yet\ +none\ +in\ dir530\ \(primary\ group\)\; ]]
    [[ $output == *'members may be missing here'* ]]
    [ "$(xwadm who-can directory --json | grep -c '"complete": false')" -eq 1 ]
    [ "$sums" = "$(sha256sum /etc/group /etc/gshadow /etc/passwd "$EXTRA"/*)" ]
    # A user of the directory in a local group: gpasswd can do that.
    run xwadm grant firewall lea
    [ "$status" -eq 0 ]
    [[ $(getent group cs530) == *lea* ]]
    run xwadm revoke firewall lea
    [ "$status" -eq 0 ]
    [[ $(getent group cs530) != *lea* ]]
    # Taken out where the group comes from: what still has it can be ended here.
    setpriv --reuid alice --regid alice --init-groups sleep 1000 3>&- &
    PIDS+=("$!")
    wait_for grep -qE '^Groups:.*\b64000\b' "/proc/$!/status"
    echo 'dir530:x:64000:' >"$EXTRA/group"
    run xwadm revoke directory alice --now
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'alice: is not in dir530'*'ended 0 consoles and 1 process'* ]]
    wait_for is_gone "${PIDS[-1]}"
    cp -a /run/nsswitch.before /etc/nsswitch.conf
    run xwadm who-can firewall
    [ "$status" -eq 0 ]
    [[ $output != *'may be missing'* ]]
    xwadm lab remove directory
}

@test "a lab with several groups: one is named to grant, all are left by revoke; other labs are told" {
    groupadd -f cs531
    make_lab twofold cs530,cs531
    run xwadm grant twofold carol
    [ "$status" -eq 2 ]
    [[ $output == *'several groups: cs530, cs531; say which with --group'* ]]
    run xwadm grant twofold carol --group cs530-ta
    [ "$status" -eq 3 ]
    run xwadm grant twofold carol --group cs531
    [ "$status" -eq 0 ]
    [[ $(id -Gn carol) == *cs531* && $(id -Gn carol) != *cs530* ]]
    run xwadm grant twofold carol --group cs530
    [ "$status" -eq 0 ]
    [[ $output == *'cs530 is a group of the lab firewall, too'* ]]
    run xwadm revoke twofold carol --group cs531
    [ "$status" -eq 0 ]
    [[ $output == *'carol: stays a student of the lab: in cs530'* ]]
    xwadm grant twofold carol --group cs531
    run xwadm revoke twofold carol
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'taken out of cs530'*'taken out of cs531'* ]]
    [ "$(id -Gn carol)" = 'carol xworlds' ]
    run xwadm grant firewall dave --instructor
    [ "$status" -eq 0 ]
    [ "$(field firewall dave reason)" = instructor ]
    run xwadm revoke firewall dave --instructor --now
    [ "$status" -eq 0 ]
    [ "$(id -Gn dave)" = 'dave xworlds' ]
    xwadm lab remove twofold
    groupdel cs531
}

@test "a primary group can't be taken away here, and then nobody's is" {
    useradd -M -g cs530 -s /usr/local/bin/xwsh prim
    run xwadm revoke firewall alice prim --now
    userdel prim
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'cs530 is the primary group of prim'*'nothing was changed'* ]]
    groups_are_as_before
    run as alice status firewall
    [ "$status" -eq 0 ]
}

@test "wrong usage, and names that don't exist: nothing is done" {
    local words
    for words in 'grant' 'grant firewall' 'revoke firewall' 'grant Firewall carol' 'grant firewall carol --now' \
        'revoke firewall carol --no-such' 'who-can' 'who-can firewall carol' 'what-can' 'what-can a b'; do
        # shellcheck disable=SC2086 # several words
        run xwadm $words
        [ "$status" -eq 2 ] || { echo "$words: $status $output" && false; }
    done
    for words in 'grant nosuch carol' 'grant firewall carol nosuch' 'revoke firewall alice nosuch'; do
        # shellcheck disable=SC2086
        run xwadm $words
        [ "$status" -eq 3 ] || { echo "$words: $status $output" && false; }
    done
    for words in 'grant firewall carol root' 'grant firewall -- carol daemon'; do
        # shellcheck disable=SC2086
        run xwadm $words
        [ "$status" -eq 1 ]
        [[ $output == *'system user'* ]]
    done
    groups_are_as_before
}

@test "gpasswd missing, failing or lying: words, and who was done and who was not" {
    rm /usr/bin/gpasswd
    run xwadm grant firewall carol dave
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "xwadm: /usr/bin/gpasswd can't be executed; is it installed?
xwadm: not done: carol
xwadm: not done: dave" ]
    groups_are_as_before
    cat >/usr/bin/gpasswd <<'SH'
#!/bin/sh
case "$2" in
    dave) echo "gpasswd: cannot lock /etc/group; try again later." >&2; exit 5 ;;
    *) exec /run/gpasswd.before "$@" ;;
esac
SH
    chmod 0755 /usr/bin/gpasswd
    run xwadm grant firewall carol dave
    echo "$output"
    [ "$status" -eq 1 ]
    [ "${lines[0]}" = 'carol: added to cs530' ]
    [ "${lines[1]}" = 'xwadm: /usr/bin/gpasswd failed: gpasswd: cannot lock /etc/group; try again later.' ]
    [ "${lines[2]}" = 'xwadm: not done: dave' ]
    [[ $(getent group cs530) == *carol* && $(getent group cs530) != *dave* ]]
    printf '#!/bin/sh\nexit 0\n' >/usr/bin/gpasswd
    run xwadm revoke firewall carol dave --now
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'has ended well, but carol is still in cs530'*'not done: carol'*'not done: dave'* ]]
    cp -a /run/gpasswd.before /usr/bin/gpasswd
    run xwadm revoke firewall carol dave
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == 'carol: taken out of cs530'* ]]
    groups_are_as_before
}

@test "INSTALL's commands for giving a lab to a class, as they stand there" {
    local command count=0
    while IFS= read -r command; do
        run bash -c "$command" </dev/null
        echo "$command: $status $output"
        [ "$status" -eq 0 ]
        count=$((count + 1))
    done < <(tests/install-commands Giving)
    [ "$count" -ge 5 ]
    [[ $(id -Gn carol) == *cs530* ]]
    gpasswd -d carol cs530
    groups_are_as_before
}
