# shellcheck shell=bash disable=SC2119,SC2120 # the callers of log_in are in other files
# The menu on a screen (screen.bash), as alice has it over real ssh.

readonly SSH='ssh -F /run/throwaway/ssh_config'

# A screen whose terminal is known: what it was like is in MODES and in /tmp/menu.before.
open_seat() {
    open_screen
    type_line 'stty -a >/tmp/menu.before; stty -a | cmp - /tmp/menu.before && echo ready'
    see $'\nready'
    MODES=$(terminal_modes)
    keys C-l
}

# log_in [COMMAND]: as alice, on the terminal; prints what ssh ended with when it ends.
log_in() {
    type_line "$SSH -t alice@lab ${1-}; echo \"ended \$?\""
}

open_menu() {
    log_in
    see 'firewall +[0-9] of 3 run +A firewall'
}

open_world() {
    open_menu
    keys Enter
    see $'\n router +[a-z]+ '
}

modes_are_as_before() {
    [ "$(terminal_modes)" = "$MODES" ]
}

# Requires that the ssh of the terminal has ended and left it as it was.
must_be_as_before() {
    see 'ended [0-9]+'
    await modes_are_as_before || {
        printf 'before: %s\nafter:  %s\n' "$MODES" "$(terminal_modes)"
        return 1
    }
    type_line 'stty -a | diff /tmp/menu.before - && echo un""changed'
    see $'\nunchanged'
}

nobody_there() {
    ! pgrep -u alice && ! pgrep -x xwhelper && ! pgrep -x xwrelay
}

session_there() {
    pgrep -x -u alice xwsh
}

# overlay_of MACHINE: what a revert of alice's changes.
overlay_of() {
    stat -c '%i %Z' "$(virsh domblklist "xw:firewall:alice:$1" --details | awk '/disk/ { print $4; exit }')"
}

# Presses Enter, for who waits until a guest that boots answers: before the next press it has a while.
answers_enter() {
    keys Enter
    sleep 0.3
    [[ $(picture) =~ login:|'#' ]]
}
