#!/usr/bin/env bats
# Several people at one console, over real ssh: who sees and types what, and who is told.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031 # the guest expands; each test has its own PIDS
load lib/common

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    # Who instructs the lab and is a student of it has a world, too.
    usermod -aG cs530 tina
    xwadm deploy firewall --user alice --user tina
    as alice start firewall/web
    tests/integration/lib/guest alice firewall/web true
}

teardown_file() {
    xwadm destroy firewall --user alice --user tina --yes --force
    gpasswd -d tina cs530
}

setup() {
    PIDS=()
}

teardown() {
    local pid
    for pid in "${PIDS[@]}"; do
        kill -CONT "$pid" 2>/dev/null || true
        kill -KILL "$pid" 2>/dev/null || true
    done
    wait_for no_relay
}

# session NAME USER WORD...: ssh on a terminal, in the background; what it shows is in NAME.out.
session() {
    local name=$BATS_TEST_TMPDIR/$1 user=$2
    shift 2
    mkfifo "$name.in"
    TERM=xterm ssh -F /run/throwaway/ssh_config -tt "$user@lab" "$@" \
        <"$name.in" >"$name.out" 2>&1 3>&- &
    SESSION=$!
    PIDS+=("$SESSION")
    eval "exec {KEYS_${name##*/}}>\"\$name.in\""
}

# opens_menu NAME: types ^] and waits for the line that it shows.
opens_menu() {
    local shown
    shown=$(grep -caF 'w who is here' "$BATS_TEST_TMPDIR/$1.out" || true)
    press "$1" '\x1d'
    wait_for menus_are_more "$1" "$shown"
}

menus_are_more() {
    [ "$(grep -caF 'w who is here' "$BATS_TEST_TMPDIR/$1.out")" -gt "$2" ]
}

# press NAME TEXT: as printf's format.
press() {
    local keys=KEYS_$1
    # shellcheck disable=SC2059 # the keys are written so
    printf "$2" >&"${!keys}"
}

# shows NAME TEXT; forgets NAME: what it has shown until now.
shows() {
    grep -qaF -- "$2" "$BATS_TEST_TMPDIR/$1.out"
}
forgets() {
    : >"$BATS_TEST_TMPDIR/$1.out"
}

# sees NAME TEXT: waits for it, and shows what there is when it doesn't come.
sees() {
    wait_for shows "$1" "$2" || {
        printf 'no "%s" in %s:\n' "$2" "$1"
        cat -v "$BATS_TEST_TMPDIR/$1.out"
        return 1
    }
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

@test "two sessions of one student see each other's typing, and are told who comes and goes" {
    session one alice console firewall/web
    local first=$SESSION
    sees one 'Connected to firewall/web'
    session two alice console firewall/web
    local second=$SESSION
    sees two 'Also here: alice.'
    sees one '[firewall/web: alice has joined]'
    press one 'echo from-$((40+1))\r'
    sees one 'from-41'
    sees two 'from-41'
    press two 'echo from-$((40+2))\r'
    sees two 'from-42'
    sees one 'from-42'
    [ "$(pgrep -cx xwrelay)" -eq 2 ]
    [ "$(pgrep -cx xwrelay-console)" -eq 1 ]
    # The first leaves; the relay goes on with the second.
    press one '\x1d'
    sees one 'w who is here'
    press one 'd'
    wait_for is_gone "$first"
    sees two '[firewall/web: alice has left]'
    press two 'echo from-$((40+3))\r'
    sees two 'from-43'
    press two '\x1d'
    wait_for is_gone "$second"
    shows two 'Left the console of firewall/web; the machine goes on.'
    wait_for no_relay
}

@test "who watches sees everything, and their keys do nothing" {
    session watcher alice watch firewall/web
    sees watcher 'Watching firewall/web; your keys go nowhere'
    session typist alice console firewall/web
    sees typist 'Also here: alice (watching).'
    sees watcher '[firewall/web: alice has joined]'
    press watcher 'echo watcher-$((40+4))\r'
    press typist 'echo typist-$((40+5))\r'
    sees watcher 'typist-45'
    sees typist 'typist-45'
    refute shows typist 'watcher-'
    refute shows watcher 'watcher-'
    press watcher '\x1d'
    sees watcher 'w who is here'
    press watcher 'w'
    sees watcher '[firewall/web: alice]'
    opens_menu watcher
    press watcher 'd'
    sees typist '[firewall/web: alice has left]'
    # Without a terminal, too, and the end of its input is not the end of watching.
    ssh -F /run/throwaway/ssh_config alice@lab watch firewall/web \
        </dev/null >"$BATS_TEST_TMPDIR/pipe.out" 2>&1 3>&- &
    PIDS+=("$!")
    sees typist '[firewall/web: alice is watching]'
    press typist 'echo typist-$((40+6))\r'
    sees pipe 'typist-46'
}

@test "to take over is for instructors: nobody else's keys reach the machine until they leave or give back" {
    run as alice console firewall/web --take
    echo "$output"
    [ "$status" -eq 3 ]
    [[ $output == *'not found or not allowed'* ]]
    as tina start firewall/web
    tests/integration/lib/guest tina firewall/web true
    session student tina console firewall/web
    sees student 'Connected to firewall/web'
    session teacher tina console firewall/web --take
    sees teacher 'Also here: tina.'
    sees student '[firewall/web: tina has taken over; your keys do nothing until they leave]'
    press student 'echo student-$((40+7))\r'
    press teacher 'echo teacher-$((40+8))\r'
    sees student 'teacher-48'
    refute shows teacher 'student-'
    press teacher '\x1d'
    sees teacher 'g give back'
    press teacher 'g'
    sees student '[firewall/web: tina has left; your keys reach the machine again]'
    sees student '[firewall/web: tina is watching]'
    sees teacher 'Watching firewall/web'
    press student 'echo student-$((40+9))\r'
    sees teacher 'student-49'
    # Back, by a key, and away without a word: the same.
    opens_menu teacher
    press teacher 't'
    wait_for eval '[ "$(grep -caF "tina has taken over" "$BATS_TEST_TMPDIR/student.out")" -eq 2 ]'
    kill -KILL "$SESSION"
    wait_for eval '[ "$(grep -caF "your keys reach the machine again" "$BATS_TEST_TMPDIR/student.out")" -eq 2 ]'
    press student 'echo student-$((50+1))\r'
    sees student 'student-51'
}

@test "an instructor watches a student's console and takes it over, under their own name" {
    session student alice console firewall/web
    sees student 'Connected to firewall/web'
    session teacher tina watch firewall:alice/web
    sees teacher 'Also here: alice.'
    sees student '[firewall/web: tina is watching]'
    press teacher '\x1d'
    sees teacher 'w who is here'
    press teacher 't'
    sees student '[firewall/web: tina has taken over; your keys do nothing until they leave]'
    press student 'echo student-$((60+1))\r'
    press teacher 'echo teacher-$((60+2))\r'
    sees student 'teacher-62'
    refute shows teacher 'student-'
    # Nobody else gets there.
    run as bob watch firewall:alice/web
    [ "$status" -eq 3 ]
}

@test "who may not take over goes on watching" {
    session watcher alice watch firewall/web
    sees watcher 'Watching firewall/web'
    press watcher '\x1d'
    sees watcher 'w who is here'
    press watcher 't'
    sees watcher 'To take over is for instructors.'
    session typist alice console firewall/web
    sees typist 'Also here: alice (watching).'
}

@test "a viewer who is stopped harms nobody: the guest writes on, others see all of it" {
    session stopped alice console firewall/web
    sees stopped 'Connected to firewall/web'
    kill -STOP "$SESSION"
    pkill -STOP -u alice -x xwsh
    session other alice console firewall/web
    sees other 'Also here: alice.'
    forgets other
    press other 'seq 1 120000; echo end-of-$((50+2))\r'
    sees other 'end-of-52'
    [ "$(tr -d '\r' <"$BATS_TEST_TMPDIR/other.out" | grep -cxE '[0-9]+')" -eq 120000 ]
    # Alone, too: what nobody takes doesn't stop the machine.
    pkill -CONT -u alice -x xwsh
    kill -CONT "${PIDS[0]}"
    sees stopped 'some output was left out'
    sees stopped 'end-of-52'
}

@test "audited: who watched and who took over, each with its own records" {
    local mark
    mark=$(wc -l </run/throwaway/log/keeper.log)
    session watcher alice watch firewall/web
    sees watcher 'Watching firewall/web'
    opens_menu watcher
    press watcher 'd'
    wait_for is_gone "$SESSION"
    wait_for no_relay
    tail -n "+$((mark + 1))" /run/throwaway/log/keeper.log >"$BATS_TEST_TMPDIR/log"
    cat "$BATS_TEST_TMPDIR/log"
    grep -q 'watch firewall/alice/web (open).*decision=allow result=done' "$BATS_TEST_TMPDIR/log"
    grep -q 'watch firewall/alice/web (close).*decision=allow result=done' "$BATS_TEST_TMPDIR/log"
    refute grep -q 'relay firewall' "$BATS_TEST_TMPDIR/log"
}
