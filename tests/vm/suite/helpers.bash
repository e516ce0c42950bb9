# shellcheck shell=bash
# What the tests of the virtual machine share.

readonly SOURCE=/root/xworlds

# inside SCRIPT: in a bash of root's, in the machine. (Started by sshd, bash would read bash.bashrc.)
inside() {
    tests/vm/host exec -- bash --norc -euo pipefail -c "$1"
}

# as USER WORD...: from outside, as an ssh client of the user's would.
as() {
    local user=$1
    shift
    ssh -F "$XW_VM/ssh_config" "$user@vm" "$@"
}

# guest MACHINE COMMAND...: as carol, at the machine's console. An emulated machine in an emulated
# machine takes its time to boot.
guest() {
    XW_GUEST_SSH="$XW_VM/ssh_config vm 900" tests/integration/lib/guest carol "$@"
}

# What cannot run in the machine as it stands in INSTALL, each with the reason and what is done
# instead. Everything else runs as it stands.
instead_of() {
    case $1 in
        # It fetches packages, and there is no network; what it makes outside was brought in.
        'images/tiny/build build/images/tiny') echo 'test -f build/images/tiny/image.conf' ;;
        *) return 1 ;;
    esac
}

# follow STEP: runs INSTALL's commands of this step, each in a shell in the clone, as root's are.
follow() {
    local command other
    while IFS= read -r -u 5 command; do
        if other=$(instead_of "$command"); then
            printf '# %s\n(instead: %s)\n' "$command" "$other"
            command=$other
        else
            printf '# %s\n' "$command"
        fi
        inside "cd $SOURCE; $command" </dev/null || {
            printf 'status %d: %s\n' "$?" "$command"
            return 1
        }
    done 5< <(tests/install-commands "$1")
}

# within SECONDS COMMAND...: until it succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.5
    done
}

# open_console MACHINE: a console that stays open; what it shows goes to $SCREEN, $KEYS takes input.
open_console() {
    SCREEN=$BATS_TEST_TMPDIR/screen
    mkfifo "$BATS_TEST_TMPDIR/keys"
    timeout 900 ssh -F "$XW_VM/ssh_config" -tt carol@vm console "$1" \
        <"$BATS_TEST_TMPDIR/keys" >"$SCREEN" 2>&1 3>&- &
    CLIENT=$!
    exec {KEYS}>"$BATS_TEST_TMPDIR/keys"
    within 120 grep -q Connected "$SCREEN"
}

# leave_console: with the key for it; the end of input alone ends no session that has a terminal.
leave_console() {
    printf '\x1d' >&"$KEYS"
    wait "$CLIENT" || true
    exec {KEYS}>&-
}
