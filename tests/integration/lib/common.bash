# shellcheck shell=bash
# What the tests in a throwaway host share.

# as USER COMMAND...: a student's command, over real ssh.
as() {
    local user=$1
    shift
    ssh -F /run/throwaway/ssh_config "$user@lab" "$@"
}

# wait_for COMMAND...: until it succeeds, for at most 60 s.
wait_for() {
    local deadline=$((SECONDS + 60))
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.02
    done
}

# refute COMMAND...: fails if it succeeds. A bare "!" fails no test: bash's errexit overlooks it.
refute() {
    if "$@"; then
        printf 'This worked and should not have: %s\n' "$*" >&2
        return 1
    fi
}
