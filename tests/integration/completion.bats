#!/usr/bin/env bats
# What bash completes after xwsh and xwadm, and that it is what the programs take.
# shellcheck shell=bash
load lib/common

setup_file() {
    make_firewall alice
}

teardown_file() {
    xwadm destroy firewall --user alice --yes --force
}

# completes LINE: what is offered after it, a word a line. bash runs as the caller is: alice for
# xwsh, which refuses root.
completes() {
    local program=${1%% *} runner=()
    [[ $program != xwsh ]] || runner=(setpriv --reuid alice --regid alice --init-groups)
    # shellcheck disable=SC2016 # expanded by that bash
    "${runner[@]}" bash --norc --noprofile -c '
        source /usr/local/share/bash-completion/completions/"$1"
        compopt() { :; }
        read -r -a COMP_WORDS <<<"$2"
        [[ $2 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        "_$1"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$program" "$1"
}

# offers LINE WORD...: exactly these, in any order.
offers() {
    local line=$1 offered wanted
    shift
    offered=$(completes "$line" | sort)
    wanted=$(printf '%s\n' "$@" | sort)
    [ "$offered" = "$wanted" ] || {
        printf 'after "%s": %s\ninstead of: %s\n' "$line" "${offered//$'\n'/ }" "${wanted//$'\n'/ }"
        return 1
    }
}

@test "xwsh: every command of its help, its options, the caller's worlds and machines" {
    local commands
    mapfile -t commands < <(xwsh help 2>/dev/null | sed -n 's/^  \([a-z-]*\) .*/\1/p')
    [ "${#commands[@]}" -ge 9 ]
    offers 'xwsh ' "${commands[@]}"
    offers 'xwsh help ' "${commands[@]}"
    offers 'xwsh re' reboot recordings revert
    offers 'xwsh start fi' firewall
    offers 'xwsh status ' firewall
    offers 'xwsh console ' firewall/
    offers 'xwsh console firewall/' firewall/router firewall/web firewall/client
    offers 'xwsh stop firewall/w' firewall/web
    offers 'xwsh revert firewall/web,' firewall/web,router firewall/web,client
    offers 'xwsh start nosuch/' ''
    offers 'xwsh recordings ' get delete
    offers 'xwsh checkpoint ' create list delete
    offers 'xwsh checkpoint create firewall/w' firewall/web
    offers 'xwsh checkpoint create firewall/web -' -m --yes --json --help
    setpriv --reuid alice --regid alice --init-groups xwsh -c 'checkpoint create firewall/web works'
    offers 'xwsh revert firewall/web ' works
    offers 'xwsh checkpoint delete firewall/web w' works
    offers 'xwsh checkpoint create firewall/web ' ''
}

@test "xwsh: the options that completion offers are those of the usage line" {
    local command
    for command in list status start stop reboot console watch vnc log recordings revert who-can extend prepare version help; do
        mapfile -t options < <(xwsh help "$command" | head -n 1 | grep -oE -- '--[a-z]+' || true)
        offers "xwsh $command -" "${options[@]}" --help
    done
}

@test "xwadm: commands, verbs and the names of what there is" {
    offers 'xwadm image sh' show
    offers 'xwadm lab ' check apply list show remove
    offers 'xwadm deploy fire' firewall
    offers 'xwadm image show ' tiny
    offers 'xwadm destroy firewall --f' --force
    offers 'xwadm ext' extend
    offers 'xwadm extend fire' firewall
    offers 'xwadm extend firewall alic' alice
    offers 'xwadm extend firewall alice --n' --none
    offers 'xwadm wh' who-can what-can
    offers 'xwadm grant fire' firewall
    offers 'xwadm revoke firewall ali' alice
    offers 'xwadm who-can ' firewall
    offers 'xwadm what-can ali' alice
}

@test "xwadm: the options that completion offers are those of the usage line" {
    local command
    for command in 'lab show' 'lab check' extend grant revoke who-can what-can status; do
        # shellcheck disable=SC2086 # of one word or two
        mapfile -t options < <(xwadm help $command | head -n 1 | grep -oE -- '--[a-z]+' || true)
        offers "xwadm $command firewall -" "${options[@]}" --help
    done
}
