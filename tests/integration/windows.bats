#!/usr/bin/env bats
# Labs with windows, over real ssh: one that has closed, one that opens later, one that is open, and
# one that is open for alice alone. Times are far in the past and in the future, so no clock is
# waited for; where one has to come, its record is written by the test.
# shellcheck shell=bash
bats_require_minimum_version 1.5.0
load lib/common
load lib/screen

LABS=/var/lib/xworlds/labs
OWNER=/var/lib/xworlds/owners
CLOSED='closed since Mon 1 Jan 2001 08:00'
OPENS='opens Fri 1 Jan 2100 08:00'

# lab_file NAME [LINE...]: a lab of one machine with these lines in its section "access".
lab_file() {
    local lab=$1 line
    shift
    {
        printf 'xworlds: 1\ntitle: Lab %s\naccess:\n  students: [cs530]\n' "$lab"
        printf '  instructors: [cs530-ta]\n'
        for line; do
            printf '  %s\n' "$line"
        done
        printf 'machines:\n  box: {image: tiny, memory: 96}\n'
    } >"$BATS_FILE_TMPDIR/$lab.yaml"
    printf '%s\n' "$BATS_FILE_TMPDIR/$lab.yaml"
}

make_lab() {
    xwadm lab apply "$(lab_file "$@")"
}

setup_file() {
    # The host is in Berlin.
    cp -P /etc/localtime "$BATS_FILE_TMPDIR/localtime"
    ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime
    no_lab firewall
    xwadm image add build/images/tiny
    make_lab closed 'closes: 2001-01-01 08:00' 'grace: 30'
    make_lab early 'opens: 2100-01-01 08:00'
    make_lab timely 'opens: 2001-01-01 08:00' 'closes: 2100-01-01 02:00' \
        'timezone: America/New_York'
    make_lab longer 'closes: 2001-01-01 08:00'
    make_lab always
    local lab
    for lab in closed early timely longer always; do
        xwadm deploy "$lab" --user alice --user bob
    done
    xwadm extend longer alice '2100-01-01 08:00'
}

teardown_file() {
    local lab
    for lab in closed early timely longer always; do
        xwadm destroy "$lab" --all --force --yes
        xwadm lab remove "$lab"
    done
    cp -P --remove-destination "$BATS_FILE_TMPDIR/localtime" /etc/localtime
}

teardown() {
    close_screen
}

# off LAB OWNER: no machine of the world runs.
off() {
    [ "$(virsh -q -c qemu:///system domstate "xw:$1:$2:box")" = 'shut off' ]
}

# until_in SECONDS: alice's extension of "longer" ends so soon.
until_in() {
    local record
    record=$OWNER/$(id -u alice)
    sed -i "/^lab longer\$/{n;s/^until .*/until $(($(date +%s) + $1))/}" "$record"
    grep -A1 '^lab longer$' "$record" | grep -q '^until'
}

# fails EXIT-CODE WORDS COMMAND...: an xwadm command that fails like that; no record has changed.
fails() {
    local code=$1 words=$2 before
    shift 2
    before=$(cat "$OWNER"/*)
    run "$@"
    echo "$* : $status $output"
    [ "$status" -eq "$code" ]
    [[ $output == *"$words"* ]]
    [ "$(cat "$OWNER"/*)" = "$before" ]
}

# wrong WORDS LINE...: a lab with these lines is refused at the line that has the words' subject.
wrong() {
    local words=$1 file place
    shift
    file=$(lab_file wrong "$@")
    run xwadm lab apply "$file"
    echo "$output"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    place=$(grep -n "^  ${words%%[: ]*}:" "$file" | cut -d: -f1)
    [[ $output == "$file:$place:"[0-9]* ]]
    [[ $output == *"$words"* ]]
    [ ! -e "$LABS/wrong" ]
}

# limited LAB SENTENCE: every verb that changes the world, and the console, are refused with exit
# code 4 and the sentence; the world stays as it is and is shown.
limited() {
    local words
    for words in "start $1" "start $1/box" "stop $1" "stop $1/box --force" "reboot $1" \
        "revert $1/box --yes" "console $1/box"; do
        run as "${3-alice}" "$words"
        echo "$words: $status $output"
        [ "$status" -eq 4 ]
        [[ $output == *"xwsh: $1 $2"* ]]
        [ "${#lines[@]}" -eq 1 ]
    done
    off "$1" "${3-alice}"
    run as "${3-alice}" status "$1"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'box\toff\t96\t'* ]]
}

# T-E7
@test "a lab that has closed: exit 4 and since when; the world is shown still; in an open one all works" {
    limited closed "is $CLOSED; you can look at it still, and ask your instructor for more time"
    run --separate-stderr as alice status closed
    [ "$output" = $'box\toff\t96\t-' ]
    # shellcheck disable=SC2154 # set by run
    [ "$stderr" = "closed: $CLOSED" ]
    run as alice start timely
    [ "$status" -eq 0 ]
    [ "$output" = 'timely/box: started' ]
    refute off timely alice
    run as alice stop timely --force
    [ "$status" -eq 0 ]
    run as alice revert timely --yes
    [ "$status" -eq 0 ]
    off timely alice
}

# T-E7
@test "a lab that is not open yet: exit 4 and when it opens" {
    limited early "$OPENS; until then you can look at it and no more"
    run as alice start always
    [ "$status" -eq 0 ]
    run as alice stop always --force
    [ "$status" -eq 0 ]
}

# T-E7
@test "an extension is one user's and one lab's, and is taken back" {
    run as alice start longer
    [ "$status" -eq 0 ]
    run as alice stop longer --force
    [ "$status" -eq 0 ]
    limited longer "is $CLOSED" bob
    limited closed "is $CLOSED"
    run xwadm extend longer alice --none
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = 'The lab "longer" is for alice as for the others: closed since 2001-01-01 08:00 CET.' ]
    limited longer "is $CLOSED"
    run xwadm extend longer alice '2100-01-01 08:00'
    [ "$status" -eq 0 ]
    [ "$output" = 'The lab "longer" is open for alice until 2100-01-01 08:00 CET.' ]
    run as alice start longer
    [ "$status" -eq 0 ]
    run as alice stop longer --force
    [ "$status" -eq 0 ]
}

@test "the list tells it: fields, JSON, and words on a terminal" {
    run as alice list
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(cut -f 1,6- <<<"$output")" = "$(printf '%s\t%s\t%s\t%s\n' \
        closed closed - 2001-01-01T07:00:00Z early before 2100-01-01T07:00:00Z - \
        timely open 2001-01-01T13:00:00Z 2100-01-01T07:00:00Z \
        longer open - 2100-01-01T07:00:00Z always open - -)" ]
    run as alice list --json
    [ "$(jq -c '.worlds[] | [.world, .window]' <<<"$output")" = \
        '["closed",{"state":"closed","opens":null,"closes":"2001-01-01T07:00:00Z","consoles_end":"2001-01-01T07:30:00Z"}]
["early",{"state":"before","opens":"2100-01-01T07:00:00Z","closes":null,"consoles_end":null}]
["timely",{"state":"open","opens":"2001-01-01T13:00:00Z","closes":"2100-01-01T07:00:00Z","consoles_end":"2100-01-01T07:00:00Z"}]
["longer",{"state":"open","opens":null,"closes":"2100-01-01T07:00:00Z","consoles_end":"2100-01-01T07:00:00Z"}]
["always",null]' ]
    run as alice status closed --json
    [ "$(jq -r .window.state <<<"$output")" = closed ]
    [ "$(jq -r .machines[0].machine <<<"$output")" = box ]
    open_screen
    type_line 'ssh -F /run/throwaway/ssh_config -tt alice@lab list'
    see "WORLD +MACHINES +RUNNING +WHEN +TITLE"
    see "closed +1 +0 +$CLOSED +Lab closed"
    see "early +1 +0 +$OPENS +Lab early"
    see "timely +1 +0 +closes Fri 1 Jan 2100 08:00 +Lab timely"
    see "always +1 +0 +Lab always"
}

@test "the menu tells it, and why it refuses" {
    open_screen
    type_line 'ssh -F /run/throwaway/ssh_config -tt alice@lab'
    see "closed +0 of 1 run +$CLOSED +Lab closed"
    see "early +0 of 1 run +$OPENS +Lab early"
    keys Enter
    see "closed \\($CLOSED\\): Lab closed"
    see 'box +off'
    keys s
    see "closed is $CLOSED; you can look at it still"
    keys q
    see 'Your worlds'
    keys q
    see $'\nseat\\$'
    type_line 'TERM=dumb ssh -F /run/throwaway/ssh_config -tt alice@lab'
    see "early, 0 of 1 machines running, $OPENS: Lab early"
    type_line 1
    see "The machines of closed, $CLOSED:"
    type_line 'start all'
    see "closed is $CLOSED; you can look at it still"
}

# T-E7
@test "a console that is open when the lab closes is ended then, with words; a new one is refused" {
    mkfifo "$BATS_TEST_TMPDIR/keys"
    as alice start longer
    until_in 15
    ssh -F /run/throwaway/ssh_config -tt alice@lab console longer/box \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    local pid=$!
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q Connected "$BATS_TEST_TMPDIR/screen"
    pgrep -x xwrelay
    # It is over by itself.
    wait "$pid"
    exec 9>&-
    grep -q 'The console of longer/box has closed: the lab has closed' "$BATS_TEST_TMPDIR/screen"
    refute pgrep -x xwrelay
    run as alice console longer/box
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *'xwsh: longer is closed since '* ]]
    # The machine goes on, and nobody but root can change that.
    refute off longer alice
    run as alice stop longer --force
    [ "$status" -eq 4 ]
    refute off longer alice
    xwadm extend longer alice '2100-01-01 08:00'
    run as alice stop longer --force
    [ "$status" -eq 0 ]
}

# T-E7
@test "in the grace time nothing is begun, and a console opened before goes on" {
    mkfifo "$BATS_TEST_TMPDIR/keys"
    as alice start always
    ssh -F /run/throwaway/ssh_config -tt alice@lab console always/box \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    local pid=$!
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q Connected "$BATS_TEST_TMPDIR/screen"
    make_lab always "closes: $(date -d '10 minutes ago' '+%Y-%m-%d %H:%M')" 'grace: 60'
    [ "$(as alice list --json | jq -r '.worlds[] | select(.world == "always").window.state')" = grace ]
    run as alice reboot always/box
    [ "$status" -eq 4 ]
    run as alice console always/box
    echo "$output"
    [ "$status" -eq 4 ]
    kill -0 "$pid"
    pgrep -x xwrelay
    printf '\035' >&9
    wait "$pid" || true
    exec 9>&-
    grep -q 'Left the console of always/box' "$BATS_TEST_TMPDIR/screen"
    make_lab always
    run as alice stop always --force
    [ "$status" -eq 0 ]
}

@test "xwadm shows windows and extensions" {
    run xwadm lab show longer
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *$'\nCloses:       2001-01-01 08:00 CET\nGrace:        0 min\nNow:          closed since 2001-01-01 08:00 CET\nExtended:     alice until 2100-01-01 08:00 CET\n'* ]]
    run xwadm lab show longer --json
    [ "$(jq -c '[.window, .extensions]' <<<"$output")" = \
        '[{"state":"closed","closes":"2001-01-01T07:00:00Z","consoles_end":"2001-01-01T07:00:00Z"},[{"owner":"alice","until":"2100-01-01T07:00:00Z"}]]' ]
    run xwadm lab show timely
    [[ $output == *$'\nOpens:        2001-01-01 14:00 CET\nCloses:       2100-01-01 08:00 CET\n'* ]]
    run xwadm lab show always --json
    [ "$(jq -c '[.window, .extensions]' <<<"$output")" = '[null,[]]' ]
    run xwadm status longer
    echo "$output"
    [[ $output =~ longer\ +alice\ +1\ +0\ +open\ until\ 2100-01-01\ 08:00\ CET ]]
    [[ $output =~ longer\ +bob\ +1\ +0\ +closed\ since\ 2001-01-01\ 08:00\ CET ]]
    run xwadm who-can longer
    echo "$output"
    [[ $output =~ alice\ +yes\ .*in\ cs530\;\ open\ until\ 2100-01-01\ 08:00\ CET ]]
    [[ $output =~ bob\ +yes\ .*in\ cs530\;\ closed\ since\ 2001-01-01\ 08:00\ CET:\ may\ only\ look ]]
    run xwadm what-can bob --json
    [ "$(jq -c '.labs[] | select(.lab == "longer" or .lab == "always") | [.lab, .window.state]' <<<"$output" | xargs)" = \
        '[always,null] [longer,closed]' ]
    run xwadm status early --json
    [ "$(jq -r '.worlds[0].window | "\(.state) \(.opens)"' <<<"$output")" = 'before 2100-01-01T07:00:00Z' ]
}

@test "an extension that means nothing is refused with words" {
    fails 2 'write 30m, 12h, 2d or 1w' xwadm extend longer alice soon
    fails 2 'put forward' xwadm extend longer alice '2027-03-28 02:30'
    fails 2 'is missing' xwadm extend longer alice
    fails 2 'one argument too many' xwadm extend longer alice 2d --none
    fails 1 'that time is past' xwadm extend longer alice '2001-01-02 08:00'
    fails 1 'is open until 2001-01-01 08:00 CET for everybody' xwadm extend longer alice '2000-01-01 08:00'
    fails 1 "doesn't close: there is nothing to extend" xwadm extend always alice 2d
    fails 3 'there is no lab "nosuch"' xwadm extend nosuch alice 2d
    fails 3 'this host has no user "nobody-such"' xwadm extend longer nobody-such 2d
    fails 3 'tina has no world of the lab "longer"; make it first: xwadm deploy longer --user tina' \
        xwadm extend longer tina 2d
    # The control, from now and from the closing.
    run xwadm extend longer bob 2d
    [ "$status" -eq 0 ]
    [[ $output == *"until $(date -d '2 days' '+%Y-%m-%d')"* ]]
    run xwadm extend timely bob 1w
    [ "$output" = 'The lab "timely" is open for bob until 2100-01-08 08:00 CET.' ]
    xwadm extend longer bob --none
    xwadm extend timely bob --none
    [ "$(grep -c '^until' "$OWNER/$(id -u bob)")" = 0 ]
}

# T-M4
@test "a lab file's times: mistakes with file, line, column and what would be right" {
    wrong 'opens "1.12.2026": write it as YYYY-MM-DD HH:MM' 'opens: 1.12.2026'
    wrong 'opens: there is no 2027-03-28 02:30 on this host, the clock is put forward' \
        'opens: 2027-03-28 02:30'
    wrong 'closes: there is no 2027-03-14 02:30 in America/New_York, the clock is put forward' \
        'closes: 2027-03-14 02:30' 'timezone: America/New_York'
    wrong 'closes is not after opens' 'opens: 2026-12-01 08:00' 'closes: 2026-12-01 08:00'
    wrong 'grace means nothing' 'grace: 30'
    run xwadm lab check "$(lab_file wrong 'opens: 2026-12-01 08:00' 'timezone: Europe/Berlim')"
    [[ $output == *'this host knows no time zone "Europe/Berlim"; did you mean "Europe/Berlin"?' ]]
    run xwadm lab check "$(lab_file wrong 'opens: 2026-12-01 08:00' 'timezone: ../../../etc/passwd')"
    [ "$status" -eq 1 ]
    [[ $output == *"can't be one; write the name of a time zone, like Europe/Berlin" ]]
    # The control, with the hour that is there twice.
    run xwadm lab check "$(lab_file wrong 'opens: 2026-10-25 02:30' 'closes: 2026-10-25 02:30')"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a record that says something else of the times is no record: nobody is let in by it" {
    local access=$LABS/always/access
    cp -a "$access" "$BATS_TEST_TMPDIR/access"
    sed -i 's/^machine/closes tomorrow\nmachine/' "$access"
    run as alice start always
    echo "$output"
    [ "$status" -eq 3 ]
    cp -a "$BATS_TEST_TMPDIR/access" "$access"
    run as alice status always
    [ "$status" -eq 0 ]
}

# T-E7
@test "who has no world that is open is told when by the PAM module; an instructor comes in" {
    cp -a /etc/pam.d "$BATS_TEST_TMPDIR/pam.d"
    local command lab labs=()
    # Labs of other tests' may be open to her, too.
    for lab in "$LABS"/*; do
        lab=${lab##*/}
        [[ $lab == closed || $lab == early ]] || labs+=("$lab")
    done
    while IFS= read -r command; do
        bash -c "$command"
    done < <(tests/install-commands Logins)
    run as alice list
    [ "$status" -eq 0 ]
    for lab in "${labs[@]}"; do
        mv "$LABS/$lab" "$LABS/$lab.aside"
    done
    local all=0 sentences=()
    for command in alice tina; do
        run ssh -F /run/throwaway/ssh_config -o LogLevel=INFO "$command@lab" list
        sentences+=("$status $output")
    done
    mv "$LABS/early" "$LABS/early.aside"
    run ssh -F /run/throwaway/ssh_config -o LogLevel=INFO alice@lab list
    sentences+=("$status $output")
    for lab in early "${labs[@]}"; do
        mv "$LABS/$lab.aside" "$LABS/$lab"
    done
    run as alice list
    all=$status
    rm -rf /etc/pam.d
    cp -a "$BATS_TEST_TMPDIR/pam.d" /etc/pam.d
    printf '%s\n' "${sentences[@]}"
    [[ ${sentences[0]} == "255 "*"Your lab early $OPENS; log in again then."* ]]
    [[ ${sentences[1]} == "0 "* ]]
    [[ ${sentences[2]} == "255 "*"Your lab closed is $CLOSED; ask your instructor if you need more time."* ]]
    [ "$all" -eq 0 ]
}
