# shellcheck shell=bash
# A terminal for tests: a tmux server of the test file's own, in whose one pane a shell runs. What
# is on the screen is awaited, never guessed by the clock.

# How long something may take to show, in turns of 50 ms.
readonly SCREEN_TURNS=${SCREEN_TURNS:-1200}

# screen TMUX-COMMAND...: speaks to this file's tmux server.
screen() {
    env -u TMUX tmux -S "$BATS_FILE_TMPDIR/tmux" "$@" 3>&-
}

# open_screen [COLUMNS ROWS]: a fresh pane of 80x24 with an empty environment and a plain prompt.
open_screen() {
    screen -f /dev/null new-session -d -s lab -x "${1:-80}" -y "${2:-24}" \
        env -i PATH="$PATH" HOME=/root TERM=screen LANG=C.UTF-8 PS1='seat$ ' bash --norc --noprofile
    see '(^|\n)seat\$'
}

# has_ended PID: also as a process that nobody has waited for yet.
has_ended() {
    ! [[ -e /proc/$1/exe ]]
}

# Ends the pane and whatever runs in it. Without a pane there is nothing to end. A server that is still
# ending would take the next pane, and end with it.
close_screen() {
    local pid
    pid=$(screen display-message -p '#{pid}' 2>/dev/null) || return 0
    screen kill-server 2>/dev/null || true
    await has_ended "$pid"
}

keys() {
    screen send-keys -t lab "$@"
}

# type_line TEXT: as a person would, and Enter.
type_line() {
    screen send-keys -t lab -l "$1"
    screen send-keys -t lab Enter
}

picture() {
    screen capture-pane -p -t lab
}

# see PATTERN: waits until the screen has it (an extended regular expression, lines joined by
# newlines); fails and shows the screen when it does not come.
see() {
    local turn shown
    for ((turn = 0; turn < SCREEN_TURNS; turn++)); do
        shown=$(picture)
        [[ $shown =~ $1 ]] && return
        sleep 0.05
    done
    printf 'No sign of "%s" on this screen:\n%s\n' "$1" "$shown" >&2
    return 1
}

# await COMMAND...: waits until the command succeeds.
await() {
    local turn
    for ((turn = 0; turn < SCREEN_TURNS; turn++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    printf 'It never came to this: %s\n' "$*" >&2
    return 1
}

# How the terminal is set: cursor shown, no alternate screen, no mouse, keypad and wrapping as usual.
terminal_modes() {
    screen display-message -p -t lab 'alternate=#{alternate_on} cursor=#{cursor_flag} mouse=#{mouse_any_flag} keys=#{keypad_cursor_flag}#{keypad_flag} insert=#{insert_flag} wrap=#{wrap_flag} origin=#{origin_flag} region=#{scroll_region_upper}-#{scroll_region_lower}'
}

# lacks PATTERN: the screen does not have it now.
lacks() {
    ! [[ $(picture) =~ $1 ]]
}

# see_without PATTERN: waits until the screen does not have it any more.
see_without() {
    await lacks "$1"
}

