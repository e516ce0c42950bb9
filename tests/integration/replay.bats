#!/usr/bin/env bats
# Who comes to a console finds its last screen: after leaving, after a dropped ssh, as the second
# viewer, as one who watches. Over real ssh, on a terminal of tmux's.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2119 # the guest expands; each test has its own PIDS
load lib/common
load lib/screen

LOG=/var/lib/xworlds/worlds/firewall/alice/web.log
readonly SSH='ssh -F /run/throwaway/ssh_config'

setup_file() {
    make_firewall alice
    as alice start firewall/web
    tests/integration/lib/guest alice firewall/web true
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

setup() {
    PIDS=()
    open_screen
}

teardown() {
    close_screen
    end_processes "${PIDS[@]}"
    wait_for no_relay
}

# attach VERB [USER [WORLD]]: on the screen, which is cleared first.
attach() {
    type_line "clear; $SSH -t ${2-alice}@lab $1 ${3-firewall}/web; echo \"ended \$?\""
    see '(Connected to|Watching) firewall'
}

# A guest's screen that is known: cleared, with lines, and a command that is begun at the prompt.
known_screen() {
    attach console
    keys Enter
    see '# ?$'
    type_line 'clear; for i in 1 2 3 4 5; do echo "line-$i"; done'
    see $'line-1\nline-2\nline-3\nline-4\nline-5\n[^\n]*# ?$'
    screen send-keys -t lab -l 'echo begun'
    see '# echo begun$'
}

# Two seconds after ^] it leaves by itself, which a busy machine may take to show the line: then the key
# is the shell's, which forgets it.
detach() {
    keys C-]
    see 'w who is here|Left the console'
    keys d
    see 'ended 0'
    keys C-u
}

# What is on the screen without our own lines, from the third of the guest's on; and the cursor.
guests_lines() {
    picture | sed -n '/line-3/,$p' | grep -vE '^(Connected to|Watching|Also here|Your keys)|^\[firewall'
}
cursor() {
    screen display-message -p -t lab '#{cursor_y},#{cursor_x}'
}

cursor_is() {
    [ "$(cursor)" = "$1" ]
}

shows_picture() {
    [ "$(picture)" = "$1" ]
}

# is_as_before LINES CURSOR
is_as_before() {
    [ "$(guests_lines)" = "$1" ] && [ "$(cursor)" = "$2" ]
}

# must_be_as_before LINES CURSOR: and what is typed next comes there.
must_be_as_before() {
    await is_as_before "$1" "$2" || {
        printf 'before:\n%s\n%s\nafter:\n%s\n%s\n' "$1" "$2" "$(picture)" "$(cursor)"
        return 1
    }
}

@test "left and come back: the same screen, the same cursor, and typing goes on where it was" {
    local lines at
    known_screen
    lines=$(guests_lines) at=$(cursor)
    detach
    wait_for no_relay
    attach console
    must_be_as_before "$lines" "$at"
    # Chronological: who has connected stands above the line that is being typed.
    see $'line-5\nConnected to firewall/web[^\n]*\n[^\n]*# echo begun'
    screen send-keys -t lab -l ' and-$((40+2))'
    keys Enter
    see $'# echo begun and-\\$\\(\\(40\\+2\\)\\)\nbegun and-42\n'
    detach
}

@test "a dropped ssh: the same" {
    local lines at
    known_screen
    lines=$(guests_lines) at=$(cursor)
    kill -KILL "$(pgrep -x -P "$(screen display-message -p -t lab '#{pane_pid}')" ssh)"
    see 'ended 137'
    # Whether or not the relay of before has ended.
    attach console
    must_be_as_before "$lines" "$at"
    keys C-c
    see '# ?$'
    detach
}

@test "who watches, and who comes second, sees the same" {
    local lines at in=$BATS_TEST_TMPDIR/in
    known_screen
    lines=$(guests_lines) at=$(cursor)
    detach
    mkfifo "$in"
    TERM=xterm ssh -F /run/throwaway/ssh_config -tt alice@lab console firewall/web \
        <"$in" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    PIDS+=("$!")
    exec {first}>"$in"
    wait_for grep -qa 'Connected to' "$BATS_TEST_TMPDIR/out"
    attach watch tina firewall:alice
    see 'Also here: alice'
    must_be_as_before "$lines" "$at"
    detach
    # What has been said since the first came is there as well, once.
    printf ' third\r' >&"$first"
    wait_for grep -qa $'begun third\r' "$BATS_TEST_TMPDIR/out"
    attach console
    see $'line-5\n[^\n]*# echo begun third\nbegun third\n'
    exec {first}>&-
    detach
}

@test "a program on the alternate screen is as it was, to the modes of its keys" {
    local before modes
    known_screen
    keys C-c
    type_line 'clear; seq 1 30 >/tmp/text; vi /tmp/text'
    see $'^1\n2\n3\n'
    keys 5 j l
    await cursor_is 5,0
    before=$(picture)
    modes=$(terminal_modes)
    [[ $modes == *alternate=1* ]]
    detach
    type_line "clear; $SSH -t alice@lab console firewall/web; echo \"ended \$?\""
    await shows_picture "$before" || { picture; return 1; }
    await cursor_is 5,0
    [ "$(terminal_modes)" = "$modes" ]
    screen send-keys -t lab -l ':q!'
    keys Enter
    see '# ?$'
    [[ $(terminal_modes) == *alternate=0* ]]
    detach
}

@test "T-H7: nothing that is privileged has the emulation in it" {
    run ldd /usr/local/libexec/xworlds/{xwhelper,xwkeeper,xwrelay} /usr/local/sbin/xwadm build/pam_xworlds.so
    [ "$status" -eq 0 ]
    [[ $output != *vterm* ]]
    run ldd /usr/local/bin/xwsh
    [[ $output == *vterm* ]]
}

# asks: a command of the guest's that asks the terminal, in a moment, and then says so; what is
# typed meanwhile is shown by cat.
asks() {
    printf "%s" "(sleep $1; printf '\\033[c\\033[6n\\033]52;c;?\\007\\033]0;owned-$1\\007\\033P\$qm\\033\\\\plain-%s\\n' \$((70+$1))) >/dev/ttyS0 & cat -v"
}

@test "T-H7: what a guest has asked the terminal is not asked again by its last screen" {
    known_screen
    keys C-c
    # The control: live, the terminal answers, and the answer is typed.
    type_line "clear; $(asks 1)"
    see 'plain-71'
    keys Enter
    see '\^\[\['
    keys C-c
    # Asked when nobody is there any more.
    type_line "clear; $(asks 15)"
    # The line from before looks the same; behind what is still being typed ^] would be the guest's.
    see_without 'plain-71'
    see '\[1\] [0-9]'
    detach
    wait_for grep -qa 'plain-85' "$LOG"
    grep -qa $'\033\[6n' "$LOG"
    wait_for no_relay
    attach console
    see 'plain-85'
    screen send-keys -t lab -l 'typed'
    keys Enter
    see $'typed\ntyped'
    refute eval '[[ $(picture) =~ \^\[ ]]'
    [ "$(screen display-message -p -t lab '#{pane_title}')" != owned-15 ]
    keys C-c
    see '# ?$'
    detach
}

@test "a pipe gets what comes, and nothing of before" {
    known_screen
    ssh -F /run/throwaway/ssh_config alice@lab watch firewall/web \
        </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    PIDS+=("$!")
    see 'alice is watching'
    type_line ' new-$((40+3))'
    see 'begun new-43'
    wait_for grep -qa 'begun new-43' "$BATS_TEST_TMPDIR/out"
    refute grep -qa 'line-' "$BATS_TEST_TMPDIR/out"
    detach
}

@test "without a log the console works as ever, and shows nothing of before" {
    known_screen
    detach
    wait_for no_relay
    mv "$LOG" "$LOG.aside"
    attach console
    see 'If nothing shows, press Enter'
    refute eval '[[ $(picture) =~ line- ]]'
    keys C-c Enter
    see '# ?$'
    detach
    mv "$LOG.aside" "$LOG"
    wait_for no_relay
    attach console
    see 'line-5'
    detach
}

@test "odd windows: narrow, flat, and one that is too small" {
    local size
    known_screen
    keys C-c
    see '# ?$'
    detach
    for size in '20 5' '300 100' '7 2'; do
        close_screen
        # shellcheck disable=SC2086 # two numbers
        open_screen $size || [ "$size" = '7 2' ]
        type_line "$SSH -t alice@lab console firewall/web"
        [ "$size" = '7 2' ] || see '#'
        await pgrep -x xwrelay
        keys C-]
        keys d
        wait_for no_relay
    done
}
