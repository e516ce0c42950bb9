#!/usr/bin/env bats
# The menu as a student has it: over real ssh, in a terminal of 80 columns and 24 rows, with keys.
# shellcheck shell=bash
load lib/common
load lib/screen
load lib/menu

setup_file() {
    make_firewall alice
    as alice start firewall/router
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

setup() {
    open_seat
}

teardown() {
    close_screen
    tests/throwaway-host service status libvirtd || tests/throwaway-host service start libvirtd
    await nobody_there
}

state_of() {
    as alice status firewall | awk -v machine="$1" '$1 == machine { print $2 }'
}

@test "the worlds are listed, one opens, the last line has the keys, q goes back and leaves" {
    open_menu
    see $'\\? help  q leave  Enter open  S start  T stop  V revert  / find$'
    keys Enter
    see $'router +running +128 MiB +10.1.0.1/24,10.2.0.1/24\n web +off +128 MiB +10.2.0.2/24\n client +off'
    see $'\\? help  q back  c console  s start  t stop  r reboot  v revert  p checkpoints\nS T V all  m map$'
    keys q
    see 'firewall +1 of 3 run'
    keys q
    must_be_as_before
    see 'ended 0'
}

@test "what another session starts and stops changes on the screen by itself" {
    open_world
    see $'\n web +off'
    as alice start firewall/web
    see $'\n web +running'
    as alice stop firewall/web --force
    see $'\n web +off'
}

@test "s starts, t stops: the machine of the cursor and no other; S and T the whole world" {
    open_world
    keys Down s
    see 'firewall/web: started'
    see $'\n web +running'
    [ "$(state_of web)" = running ]
    [ "$(state_of client)" = off ]
    as alice stop firewall/web --force
    see $'\n web +off'
    keys S
    see 'firewall: done, 3 machines'
    see $'\n web +running[^\n]*\n client +running'
    as alice stop firewall/web,client --force
    see $'\n web +off[^\n]*\n client +off'
    keys Down Down t
    see 'firewall/client: was off already'
}

@test "a revert wants the machine's name: a wrong word and Esc change nothing, the name reverts" {
    local before
    before=$(overlay_of web)
    open_world
    keys Down v
    see $'Revert firewall/web\\?.*\nType web:'
    keys w e n Enter
    see 'nothing was changed'
    [ "$(overlay_of web)" = "$before" ]
    keys v
    see $'\nType web:'
    keys w e b Escape
    see 'Nothing was changed'
    [ "$(overlay_of web)" = "$before" ]
    keys v
    see $'\nType web:'
    keys w e x BSpace b
    see $'\nType web: web'
    keys Enter
    see 'firewall/web: is pristine'
    [ "$(overlay_of web)" != "$before" ]
}

@test "p shows a machine's checkpoints: n makes one, Enter goes back to it, d deletes it, each asks" {
    open_world
    keys p
    see $'^ firewall/router: checkpoints'
    see 'No checkpoint yet'
    keys n
    see $'\nName:'
    type_line Works
    see 'small letters, digits and hyphens'
    keys n
    see $'\nName:'
    type_line works
    see 'firewall/router: is saved as works, with its memory'
    see $'\n works +20[0-9TZ:-]+ +memory +[0-9]+ MiB'
    keys Enter
    see $'Revert firewall/router to works\\?.*\nType router:'
    keys Escape
    see 'Nothing was changed'
    keys Enter
    see $'\nType router:'
    type_line router
    see 'firewall/router: is as it was at works, and runs'
    keys s
    see 'q goes back to them'
    keys d
    see $'Delete the checkpoint works of firewall/router\\?.*\nType router:'
    type_line works
    see 'nothing was changed'
    keys d
    see $'\nType router:'
    type_line router
    see 'has no checkpoint works any more'
    see 'No checkpoint yet'
    keys q
    see $'router +running'
}

@test "V reverts the whole world for the world's name only" {
    local before
    before=$(overlay_of client)
    open_world
    keys Down V
    see $'Revert firewall\\?.*\nType firewall:'
    keys w e b Enter
    see 'nothing was changed'
    [ "$(overlay_of client)" = "$before" ]
    keys V
    see $'\nType firewall:'
    type_line firewall
    see 'firewall: done, 3 machines'
    [ "$(overlay_of client)" != "$before" ]
}

@test "a console is entered, ^] leaves it, the menu is back and takes keys" {
    open_world
    keys Enter
    see 'Connected to firewall/router.*Ctrl and \]'
    await_login
    keys C-]
    see $'\n web +off'
    see 'Left the console of firewall/router; the machine goes on'
    [[ $(terminal_modes) == 'alternate=1 cursor=0'* ]]
    keys Down s
    see 'firewall/web: started'
    as alice stop firewall/web --force
    keys q
    see 'firewall +1 of 3 run'
    keys q
    must_be_as_before
}

# Presses Enter until a guest that boots answers.
await_login() {
    await answers_enter
}

@test "the console of a machine that is off: it is offered to be started; Esc leaves it off, Enter gives both" {
    open_world
    keys Down Enter
    see $'firewall/web is off. Start it, and go to its console\\?\nEnter yes  Esc no'
    keys Escape
    see 'Nothing was changed'
    [ "$(state_of web)" = off ]
    keys c
    see 'firewall/web is off. Start it'
    keys Enter
    see 'Connected to firewall/web'
    see 'web login:'
    keys C-] d
    see $'\n web +running'
    see 'Left the console of firewall/web'
    # Who turns away from it meanwhile has the machine, and stays where they are.
    as alice stop firewall/web --force
    see $'\n web +off'
    keys Enter
    see 'firewall/web is off. Start it'
    keys Enter q
    see 'firewall +2 of 3 run'
    see 'firewall/web: started'
    lacks 'Connected'
    as alice stop firewall/web --force
}

# cursor_on MACHINE: it is what a revert would be of.
cursor_on() {
    keys v
    see $'\nType '"$1"': *$'
    keys Escape
    see 'Nothing was changed'
}

@test "/ finds a row by a part of what it says; Up and Down the next; Esc goes back to where it began" {
    open_world
    cursor_on router
    keys /
    see $'\nFind: *$'
    keys -l 10.2.0.2
    see $'\nFind: 10.2.0.2'
    keys Enter
    cursor_on web
    # Both others have an address on the outer segment; after the last comes the first.
    keys /
    see $'\nFind: *$'
    keys -l 10.1.0
    see $'\nFind: 10.1.0'
    keys Enter
    cursor_on client
    keys /
    see $'\nFind: *$'
    keys -l 10.1.0
    keys Down Enter
    cursor_on router
    keys /
    keys -l CLIX
    see 'No row has that in it'
    keys BSpace
    see_without 'No row has that'
    keys Escape
    see_without 'Find:'
    cursor_on router
    keys q
    see 'firewall +[0-9] of 3 run'
    keys /
    keys -l SEGMENTS
    see 'Find: SEGMENTS'
    lacks 'No row has that'
}

@test "who has nothing that runs is welcomed in three lines, until something does" {
    as alice stop firewall/router --force
    open_menu
    see 'Welcome. Each row is a world'
    see 'Enter opens it'
    see 'Ctrl and \] leave a console'
    lacks '[~…]'
    as alice start firewall/router
    see 'firewall +1 of 3 run'
    see_without 'Welcome'
}

@test "a console that closes by itself says so, and what is still being typed acts on nothing" {
    open_world
    as alice start firewall/client
    keys Down Down
    see $'\n client +running'
    keys Enter
    see 'Connected to firewall/client'
    as alice stop firewall/client --force
    see 'The console of firewall/client has closed'
    see 'goes back to the menu'
    type_line 'sssrrr vim q'
    see $'\n client +off'
    [ "$(state_of client)" = off ]
    # The control: the same key once the notice has been left.
    keys C-]
    see 'q back'
    keys s
    see 'firewall/client: started'
    as alice stop firewall/client --force
}

# Logs in, for who waits for it: a getty that begins drops what was typed before.
is_root() {
    [[ $(picture) =~ router:[^#]*'#' ]] && return
    type_line root
    sleep 0.5
    [[ $(picture) =~ router:[^#]*'#' ]]
}

@test "a guest that changes the terminal leaves no trace in it" {
    log_in 'console firewall/router'
    see 'Connected to firewall/router'
    await_login
    await is_root
    type_line 'printf "\033[?1049h\033[?25l\033[?1000h\033[?1h\033=\033[3;9r\033[4h\033[?7l"; echo do""ne'
    see 'done'
    await modes_differ
    keys C-]
    must_be_as_before
    see 'ended 0'
    # Whoever comes next would find the alternate screen, which has no room for our words.
    tests/integration/lib/guest alice firewall/router 'printf "\033[?1049l\033c"'
}

modes_differ() {
    [ "$(terminal_modes)" != "$MODES" ]
}

@test "help explains every key; any key goes back" {
    open_world
    keys '?'
    see "Enter +open the world; a machine's console"
    see '\^\] leaves it: Ctrl and \]'
    see 'V +start, stop, revert the whole world'
    see 'm +the map: how the machines are connected'
    see '/ +find a row'
    # Every line is there to its end.
    lacks '[~…]'
    see 'Any key goes back'
    keys x
    see $'\n router +running'
}

@test "errors are words: a reboot of what is off, a key without meaning, ^C" {
    open_world
    keys Down r
    see 'web is off; start it instead'
    keys x
    see 'means nothing here; \? explains the keys'
    keys C-c
    see 'q goes back'
    keys q
    see 'firewall +1 of 3 run'
    keys C-c
    see 'q leaves'
    keys s
    see 'Enter opens the world'
}

@test "libvirtd gone: words on the menu, and the list is back when it is" {
    open_world
    tests/throwaway-host service kill libvirtd
    see 'libvirt is not answering'
    # All of it is there, on more than one line, with the list above it.
    lacks '[~…]'
    see $'\n router +running'
    tests/throwaway-host service start libvirtd
    see_without 'not answering'
    see $'\n router +running'
}

@test "without an answer the list of worlds does not claim that there are none" {
    tests/throwaway-host service kill libvirtd
    log_in
    see "The list can't be had now"
    lacks 'No worlds'
    tests/throwaway-host service start libvirtd
    see 'firewall +1 of 3 run'
}


@test "every size works: smaller, larger, too small, back" {
    open_world
    screen resize-window -t lab -x 44 -y 9
    see $'^ firewall: A firewall[^\n]*\n\n MACHINE +STATE +ADDRESSES\n router +running[^\n]*\n web +off'
    see $'\\? help  q back  c console  s start  t stop$'
    screen resize-window -t lab -x 20 -y 5
    see $'\n router +running'
    keys Down Down
    see $'\n client +off'
    screen resize-window -t lab -x 9 -y 3
    see '^Too small'
    screen resize-window -t lab -x 150 -y 50
    see $'\n client +off +128 MiB +10.1.0.2/24'
    see $'v revert  p checkpoints  S T V all  m map$'
    [ "$(picture | sed -n 50p)" = "$(picture | tail -n 1)" ]
    keys '?'
    see 'Any key goes back'
    screen resize-window -t lab -x 80 -y 24
    see 'Any key goes back'
    keys x
    keys v
    see $'\nType client:'
    screen resize-window -t lab -x 60 -y 12
    see $'\nType client:'
    keys Escape
    see 'Nothing was changed'
    keys q
    see 'firewall +1 of 3 run'
    keys q
    must_be_as_before_but_size
}

# stty -a has the window's size in it.
must_be_as_before_but_size() {
    see 'ended 0'
    type_line 'diff <(stty -a | sed s/rows.*columns.[0-9]*//) <(sed s/rows.*columns.[0-9]*// /tmp/menu.before) && echo un""changed'
    see $'\nunchanged'
    [[ $(terminal_modes) == 'alternate=0 cursor=1 mouse=0 keys=00'* ]]
}

@test "a resize on the console reaches the menu behind it" {
    open_world
    keys Enter
    see 'Connected to firewall/router'
    screen resize-window -t lab -x 120 -y 30
    keys C-]
    see 'Left the console'
    see $'v revert  p checkpoints  S T V all  m map$'
    [ "$(picture | wc -l)" -eq 30 ]
}

@test "xwsh ended by SIGTERM or SIGHUP leaves the terminal as it was" {
    local signal
    for signal in TERM HUP; do
        open_world
        kill -s "$signal" "$(pgrep -x -u alice xwsh)"
        must_be_as_before
        keys C-l
        type_line clear
        see '^seat\$$'
    done
}

@test "xwsh ended on a console leaves the terminal as it was, and no relay" {
    log_in 'console firewall/router'
    see 'Connected to firewall/router'
    kill -s TERM "$(pgrep -x -u alice xwsh)"
    must_be_as_before
    await nobody_there
}

@test "xwsh killed outright: the terminal's settings are back, and nothing is left on the host" {
    open_world
    keys Enter
    see 'Connected to firewall/router'
    await pgrep -x xwrelay
    kill -s KILL "$(pgrep -x -u alice xwsh)"
    see 'ended '
    type_line 'stty -a | diff /tmp/menu.before - && echo un""changed'
    see $'unchanged'
    await nobody_there
}

@test "the ssh client killed at the menu: xwsh ends" {
    open_world
    await session_there
    kill -s KILL "$(pgrep -f -x "$SSH -t alice@lab")"
    await nobody_there
}

@test "the terminal closed on a console: xwsh, gate and relay end, and the console opens again" {
    open_world
    keys Enter
    see 'Connected to firewall/router'
    await pgrep -x xwrelay
    pgrep -x xwhelper
    screen kill-pane -t lab
    await nobody_there
    open_screen
    log_in 'console firewall/router'
    see 'Connected to firewall/router'
    await pgrep -x xwrelay
    keys C-]
    see 'Left the console of firewall/router'
    see 'ended 0'
}
