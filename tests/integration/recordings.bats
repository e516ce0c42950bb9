#!/usr/bin/env bats
# A student's own recordings of consoles, over real ssh: made by a key and by an option, fetched and
# played with asciinema; what breaks off, what is full, and what isn't theirs.
# T-H9
# shellcheck shell=bash disable=SC2016,SC2030,SC2031 # the guest expands; each test has its own PIDS
load lib/common
load lib/screen

readonly SSH='ssh -F /run/throwaway/ssh_config'
readonly CONF=/etc/xworlds/xworlds.conf
readonly KEPT=/home/alice/.local/share/xworlds/recordings

setting() {
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
    printf '%s\n' "$@" >>"$CONF"
}

setup_file() {
    cp "$CONF" "$BATS_FILE_TMPDIR/xworlds.conf"
    make_firewall alice
    as alice start firewall/web
    tests/integration/lib/guest alice firewall/web true
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
    cp "$BATS_FILE_TMPDIR/xworlds.conf" "$CONF"
}

setup() {
    PIDS=()
    rm -rf /home/alice/.local
    open_screen
}

teardown() {
    close_screen
    end_processes "${PIDS[@]}"
    wait_for no_relay
    wait_for no_session
    setting
    gpasswd -d alice cs530-ta 2>/dev/null || true
    ! mountpoint -q "$KEPT" || umount "$KEPT"
    rm -rf /home/alice/.local
}

no_session() {
    ! pgrep -u alice
} >/dev/null

# attach WORD...: a console on the screen, which is cleared first; the guest is at its prompt.
attach() {
    type_line "clear; $SSH -t alice@lab $*; echo \"ended \$?\""
    see '(Connected to|Watching) firewall'
}

# at_prompt: the guest's line is empty, its screen cleared.
at_prompt() {
    keys C-c
    type_line 'clear; echo rea""dy'
    see $'(^|\n)ready\n'
}

# menu [PATTERN]: on an empty screen, so that no earlier one is taken for it.
menu() {
    screen send-keys -R -t lab
    keys C-]
    see "${1-w who is here}"
}

# It leaves by itself, too, after two seconds.
leave() {
    menu 'w who is here|Left '
    keys d
    see 'ended 0'
    keys C-u
}

begin() {
    menu 'r record,'
    keys r
    see 'recording what is shown here, not your keys'
}

end() {
    menu 'r ends recording'
    keys r
    see 'recorded; from your computer: ssh HOST recordings get'
}

# fetch: the only recording, by ssh, into $CAST; sets NAME.
fetch() {
    NAME=$(as alice recordings | cut -f 1)
    [ "$(wc -l <<<"$NAME")" -eq 1 ]
    CAST=$BATS_TEST_TMPDIR/$NAME
    as alice recordings get "$NAME" >"$CAST"
    tests/integration/lib/read-cast "$CAST" >/dev/null
}

# recorded TEXT [KIND]
recorded() {
    grep -qaF -- "$1" <(tests/integration/lib/read-cast "$CAST" "${2-o}")
}

# holds_now TEXT: the only recording, which may still run, has it.
holds_now() {
    fetch && recorded "$1"
}

none_runs() {
    [ "$(as alice recordings | cut -f 4 | sort -u)" = ended ]
}

@test "by the key: from the screen that is there, what is shown and nothing after its end; asciinema plays it" {
    attach console firewall/web
    at_prompt
    type_line 'echo bef""ore'
    see $'\nbefore\n'
    begin
    type_line 'echo dur""ing-$((40+2)); printf "\342\202\254 \377\n"'
    see $'\nduring-42\n'
    end
    type_line 'echo aft""er'
    see $'\nafter\n'
    leave
    fetch
    [[ $NAME =~ ^firewall-web-20[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{6}\.cast$ ]]
    cmp "$CAST" "$KEPT/$NAME"
    [ "$(stat -c '%a %U' "$KEPT/$NAME")" = '600 alice' ]
    tests/integration/lib/read-cast "$CAST" head | grep -F '"height": 24' | grep -F '"title": "firewall/web"' |
        grep -F '"width": 80'
    recorded before
    recorded during-42
    recorded '€ �'
    refute recorded after
    # The first event is the screen of before.
    sed -n 2p "$CAST" | grep -F '"o"' | grep -F before | grep -F ready
    # The standard tool, which wants a terminal: into a file, and there.
    type_line "clear; asciinema cat $CAST >$BATS_TEST_TMPDIR/text; echo wri\"\"tten"
    see 'written'
    grep -aF during-42 "$BATS_TEST_TMPDIR/text"
    cmp "$BATS_TEST_TMPDIR/text" <(tests/integration/lib/read-cast "$CAST")
    type_line "clear; asciinema play -i 0.1 $CAST; echo pla\"\"yed"
    see $'\nbefore\n.*\nduring-42\n€ .*played'
}

@test "by the option: from the beginning to the end, with the window's sizes and who comes" {
    attach console firewall/web --record
    see 'recording what is shown here'
    at_prompt
    screen resize-window -t lab -x 100 -y 30
    mkfifo "$BATS_TEST_TMPDIR/in"
    ssh -F /run/throwaway/ssh_config -tt alice@lab watch firewall/web \
        <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    PIDS+=("$!")
    exec {typed}>"$BATS_TEST_TMPDIR/in"
    see 'alice is watching'
    type_line 'echo la""st'
    see $'\nlast\n'
    leave
    see 'recorded; from your computer: ssh HOST recordings get firewall-web-'
    see 'Left firewall/web; recorded: firewall-web-.*\.cast'
    exec {typed}>&-
    fetch
    recorded last
    [ "$(tests/integration/lib/read-cast "$CAST" r)" = 100x30 ]
    recorded 'alice is watching' m
    recorded 'end of the recording' m
}

@test "what is typed isn't recorded, what the machine shows of it is" {
    attach console firewall/web
    at_prompt
    begin
    type_line 'stty -echo; echo as""ks; read -r secret; stty echo; echo le""ngth-${#secret}'
    see $'\nasks'
    type_line 'hidden-word'
    see 'length-11'
    type_line ': shown-word'
    see ': shown-word'
    end
    leave
    fetch
    recorded length-11
    recorded shown-word
    refute recorded hidden-word
}

@test "a recording goes on over a change of how one is there" {
    usermod -aG cs530-ta alice
    attach console firewall/web --record
    see 'recording what is shown here'
    at_prompt
    menu
    keys t
    see 'Connected to firewall/web'
    type_line 'echo tak""en'
    see $'\ntaken\n'
    menu 'g give back, r ends recording'
    keys g
    see 'Watching firewall/web'
    leave
    fetch
    recorded taken
    [ "$(tests/integration/lib/read-cast "$CAST" | grep -caF taken)" -ge 2 ]
}

@test "a dropped ssh, a killed xwsh: what was recorded until then is there" {
    local pid
    attach console firewall/web --record
    see 'recording what is shown here'
    at_prompt
    kill -KILL "$(pgrep -x -P "$(screen display-message -p -t lab '#{pane_pid}')" ssh)"
    see 'ended 137'
    await none_runs
    fetch
    recorded ready
    as alice recordings delete "$NAME"
    attach console firewall/web --record
    see 'recording what is shown here'
    type_line 'echo ag""ain'
    see $'\nagain\n'
    [ "$(as alice recordings | cut -f 4)" = running ]
    pid=$(pgrep -x -u alice xwsh)
    kill -KILL "$pid"
    see 'ended [1-9]'
    await none_runs
    fetch
    recorded again
    refute recorded 'end of the recording' m
    # Half a line, as a machine that lost its power may leave it, is left out.
    printf '[1.5,"o","ha' >>"$KEPT/$NAME"
    as alice recordings get "$NAME" | cmp - "$CAST"
}

@test "without a terminal, and watching" {
    local out=$BATS_TEST_TMPDIR/out in=$BATS_TEST_TMPDIR/in
    mkfifo "$in"
    ssh -F /run/throwaway/ssh_config -T alice@lab console firewall/web --record \
        <"$in" >"$out" 2>&1 3>&- &
    PIDS+=("$!")
    exec {typed}>"$in"
    await grep -qF 'recording what is shown here' "$out"
    printf 'echo pi""ped\r' >&"$typed"
    await grep -qa '^piped' "$out"
    await holds_now piped
    kill -KILL "${PIDS[0]}"
    exec {typed}>&-
    await none_runs
    as alice recordings delete "$NAME"
    attach watch firewall/web --record
    see 'recording what is shown here'
    leave
    fetch
    recorded piped
}

@test "as large as it may be: it ends with a whole line, and the console goes on" {
    setting 'recording-size = 1'
    attach console firewall/web --record
    see 'recording what is shown here'
    screen pipe-pane -t lab "cat >$BATS_TEST_TMPDIR/all"
    type_line 'head -c 250000 /dev/zero; echo flo""oded'
    see $'flooded\n'
    type_line 'echo go""es on'
    see $'\ngoes on\n'
    grep -aF '[firewall/web: the recording has ended: with 10' "$BATS_TEST_TMPDIR/all"
    leave
    # Whoever has missed it in the flood is told again.
    see 'the recording has ended: with 10[0-9][0-9] KiB it is as large as it may be'
    fetch
    [ "$(stat -c %s "$CAST")" -gt 900000 ]
    [ "$(stat -c %s "$CAST")" -le $(((1 << 20) + 100)) ]
    recorded 'end of the recording' m
    refute recorded flooded
}

@test "a full disk: the same" {
    attach console firewall/web --record
    see 'recording what is shown here'
    leave
    mount -t tmpfs -o size=64k,mode=700,uid="$(id -u alice)" tmpfs "$KEPT"
    attach console firewall/web --record
    see 'recording what is shown here'
    type_line 'seq 1 2000; head -c 50000 /dev/zero; echo fil""led'
    see $'filled\n'
    leave
    see 'the recording has ended, with what was written until now: No space left'
    fetch
    recorded 1000
    refute recorded filled
}

@test "switched off, no room, no home directory: words, and with --record no console" {
    setting 'recording-size = 0'
    run as alice console firewall/web --record </dev/null
    [ "$status" -eq 1 ]
    [[ $output == 'xwsh: recording is switched off on the lab'* ]]
    attach console firewall/web
    menu 'r record,'
    keys r
    see 'not recorded: recording is switched off'
    leave
    [ ! -e /home/alice/.local ]
    setting 'recording-space = 4'
    install -d -m 0700 -o alice /home/alice/.local/share/xworlds "$KEPT"
    chown alice /home/alice/.local /home/alice/.local/share
    truncate -s 4M "$KEPT/large.cast"
    chown alice "$KEPT/large.cast"
    run as alice console firewall/web --record </dev/null
    [ "$status" -eq 1 ]
    [[ $output == *'your recordings have 4 MiB'*'recordings delete NAME'* ]]
    setting
    sed -i 's|^\(alice:.*\):/home/alice:|\1:/nonexistent:|' /etc/passwd
    run as_new_login alice console firewall/web --record </dev/null
    sed -i 's|^\(alice:.*\):/nonexistent:|\1:/home/alice:|' /etc/passwd
    [ "$status" -eq 1 ]
    [[ $output == *'no home directory'* ]]
}

@test "list, get, delete: for people, programs and JSON; what is wrong usage" {
    [ -z "$(as alice recordings)" ]
    [ "$(as alice recordings --json)" = '{"schema":1,"recordings":[]}' ]
    attach console firewall/web --record
    see 'recording what is shown here'
    NAME=$(as alice recordings | cut -f 1)
    run as alice recordings delete "$NAME"
    [ "$status" -eq 1 ]
    [[ $output == *'is being recorded; end that first'* ]]
    leave
    local name size time state
    IFS=$'\t' read -r name size time state <<<"$(as alice recordings)"
    [ "$name $size $state" = "$NAME $(stat -c %s "$KEPT/$NAME") ended" ]
    [[ $time =~ ^20[0-9]{2}-[0-9-]+T[0-9:]+Z$ ]]
    as alice recordings --json | python3 -c 'import json, sys
document = json.load(sys.stdin)
(item,) = document.pop("recordings")
assert document == {"schema": 1}
assert item["recording"] == sys.argv[1] and item["running"] is False and item["size"] > 100
assert item["time"].endswith("Z")' "$NAME"
    type_line "clear; $SSH -t alice@lab recordings; $SSH -t alice@lab recordings get $NAME"
    see "RECORDING +SIZE +ENDED"
    see "$NAME +[0-9]+ KiB"
    see 'a recording goes into a file'
    local words
    for words in 'get' 'delete' "put $NAME" "get $NAME x" "get $NAME --json"; do
        # shellcheck disable=SC2086 # words of a command line
        run as alice recordings $words
        [ "$status" -eq 2 ]
        [[ $output == *'usage: recordings'* ]]
    done
    run as alice recordings delete nosuch.cast
    [ "$status" -eq 3 ]
    as alice recordings delete "$NAME"
    [ -z "$(as alice recordings)" ]
}

@test "nobody else's, and nothing by a link: not by name, not by path, not below a planted directory" {
    local name
    attach console firewall/web --record
    see 'recording what is shown here'
    leave
    NAME=$(as alice recordings | cut -f 1)
    ln -s /etc/passwd "$KEPT/link.cast"
    chown -h alice "$KEPT/link.cast"
    [ -z "$(as bob recordings)" ]
    for name in "$NAME" "../../../../../alice/.local/share/xworlds/recordings/$NAME" "$KEPT/$NAME"; do
        run as bob recordings get "$name"
        [ "$status" -eq 3 ]
        [[ $output == *'you have no recording'* ]]
        run as bob recordings delete "$name"
        [ "$status" -eq 3 ]
    done
    refute setpriv --reuid bob --regid bob --init-groups cat "$KEPT/$NAME"
    run as alice recordings get link.cast
    [ "$status" -eq 3 ]
    [[ $output != *root:* ]]
    [ "$(as alice recordings | cut -f 1)" = "$NAME" ]
    # The control, which a link in the way of the directory takes away.
    as alice recordings get "$NAME" | cmp - "$KEPT/$NAME"
    mv "$KEPT" "$BATS_TEST_TMPDIR/away"
    chmod 0755 "$BATS_TEST_TMPDIR"
    ln -s "$BATS_TEST_TMPDIR/away" "$KEPT"
    chown -h alice "$KEPT"
    run as alice recordings get "$NAME"
    [ "$status" -ne 0 ]
    [[ $output == *'no link'* ]]
    run as alice console firewall/web --record </dev/null
    [ "$status" -eq 1 ]
    [[ $output == *'no link'* ]]
    rm "$KEPT"
}
