# shellcheck shell=bash
# What the scripts of this directory have in common: a terminal in a throwaway host, and its screens.
# shellcheck disable=SC2119,SC2034 # open_screen's sizes are its own; SSH is the scripts'

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
BATS_FILE_TMPDIR=$(mktemp -d)
# shellcheck source=tests/integration/lib/common.bash
source tests/integration/lib/common.bash
# shellcheck source=tests/integration/lib/screen.bash
source tests/integration/lib/screen.bash
trap close_screen EXIT

readonly SSH='ssh -F /run/throwaway/ssh_config -o SendEnv=LANG'

# header NAME: how the pictures are made.
header() {
    cat <<TEXT
Screens of a real run, in a terminal of tmux's, over ssh. Made by

    tests/throwaway-host --user alice:cs530,xworlds --user tina:cs530-ta,xworlds -- \\
        docs/pictures/$1 >docs/pictures/$1.txt

TEXT
}

# shown TEXT: what it is, and what is on the screen.
shown() {
    printf '%s\n\n' "$1"
    printf '%s\n' "$(picture)" | sed 's/^/    /; s/ *$//'
    printf '\n'
}

# make_world: the firewall lab's, for alice; and the terminal.
make_world() {
    make_firewall alice
    open_screen
}
