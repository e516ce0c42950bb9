# shellcheck shell=bash
# People who log in with keys, passwords and one-time codes, as a client that shows what sshd says
# before it refuses.

# make_login NAME GROUPS SHELL: a person with a key and the password "open sesame".
make_login() {
    useradd --create-home --shell "$3" --groups "$2" "$1"
    echo "$1:open sesame" | chpasswd
    give_key "$1" "/home/$1"
}

# with_key NAME WORD...
with_key() {
    local user=$1
    shift
    timeout 60 ssh -F /run/throwaway/ssh_config -o LogLevel=INFO \
        -o PreferredAuthentications=publickey "$user@lab" "$@"
}

# with_password NAME PASSWORD WORD...: as sshd itself asks for it.
with_password() {
    answering password "$1" "$2" '' "${@:3}"
}

# with_answers NAME PASSWORD CODE WORD...: as PAM asks; what it doesn't ask for isn't given.
with_answers() {
    answering keyboard-interactive "$@"
}

# with_key_and_code NAME CODE WORD...
with_key_and_code() {
    answering publickey,keyboard-interactive "$1" '' "${@:2}"
}

# answering METHODS NAME PASSWORD CODE WORD...: no other way in is tried, and nothing a second time.
answering() {
    local methods=$1 user=$2 ask=$BATS_TEST_TMPDIR/ask
    cat >"$ask" <<END
#!/bin/bash
case \$1 in
    *One-time*) printf '%s\\n' ${4@Q} ;;
    *) printf '%s\\n' ${3@Q} ;;
esac
END
    chmod +x "$ask"
    shift 4
    SSH_ASKPASS=$ask SSH_ASKPASS_REQUIRE=force timeout 60 ssh -F /run/throwaway/ssh_config \
        -o LogLevel=INFO -o BatchMode=no -o PreferredAuthentications="$methods" \
        -o NumberOfPasswordPrompts=1 "$user@lab" "$@"
}

# milliseconds COMMAND...: sets TOOK.
# shellcheck disable=SC2034 # it is the test's
milliseconds() {
    local began=${EPOCHREALTIME/[.,]/}
    "$@"
    TOOK=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
}
