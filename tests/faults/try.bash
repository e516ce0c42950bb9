# shellcheck shell=bash
# One fault: made, and what came of it looked at.

# How a call can be disturbed besides failing, and where being killed is worth trying: before each
# step that changes something. Calls on files of a disk aren't interrupted (signal(7)).
readonly INTERRUPTED=' read pread getline write pwrite send sendto sendmsg recv recvmsg poll fcntl connect
    copy_file_range sendfile accept4 waitpid flock '
readonly SHORTENED=' read pread write pwrite send recv copy_file_range '
readonly FILLED=' write pwrite fflush fclose fsync ftruncate copy_file_range sendfile rename renameat
    renameat2 mkdir mkdirat '
readonly STEPS=' create write pwrite fflush fsync ftruncate copy_file_range sendfile rename renameat
    renameat2 mkdir mkdirat unlink unlinkat rmdir ioctl virDomainDefineXML virDomainCreate
    virDomainDestroy virDomainUndefineFlags virDomainSuspend virDomainResume virDomainManagedSave
    virDomainManagedSaveRemove virDomainSnapshotCreateXML virDomainSnapshotDelete
    virDomainRevertToSnapshot send '
# What takes libvirt and QEMU so long that it is tried to be killed while they are at it, too.
readonly LONG=' virDomainManagedSave virDomainSnapshotCreateXML virDomainSnapshotDelete
    virDomainRevertToSnapshot '
readonly AMID=100 # milliseconds later

# Loops over a table: every round in the cases ALL_ROUNDS, the first and the last in the others,
# where the same function runs over the same table.
readonly ROUNDS=' capng_update seccomp_rule_add_array '
readonly ALL_ROUNDS=' list console gate-list relay '

# rounds_of CASE: suspend looks at every process of the host.
rounds_of() {
    case $1 in
        suspend*) echo "$ROUNDS readdir fopen" ;;
        *) echo "$ROUNDS" ;;
    esac
}

# is_among CALL LIST
is_among() {
    [[ " ${2//$'\n'/ } " == *" $1 "* ]]
}

# act COMMAND: sets CODE and leaves the words in /run/output. ld.so(8) preloads into setuid programs
# what root has named in this file.
act() {
    CODE=0
    echo "$LIBRARY" >/etc/ld.so.preload
    timeout --kill-after=5 60 "$BASH" "$HERE/run" act "$1" </dev/null >/run/output 2>&1 || CODE=$?
    rm -f /etc/ld.so.preload
}

# act_and_kill COMMAND: the disturbed process is killed while the call is being made.
act_and_kill() {
    local killer
    "$STEER" kill "$AMID" &
    killer=$!
    act "$1"
    kill "$killer" 2>/dev/null || true
    wait "$killer" || true
}

# code_is_fine PROGRAM MODE: a disturbed command has an exit code of its own, unless it was killed.
code_is_fine() {
    case $CODE in
        0 | 1 | 75) return 0 ;;
        3) [[ $1 != xwadm ]] ;; # what can't be read is refused as what isn't there
        137) [[ $1 == xwadm && $2 == @(death|amid) ]] ;;
        *) return 1 ;;
    esac
}

# Whether what is looked at is what the repeated command has left.
AGAIN=0

only_reads() {
    ! declare -F "after_$1" >/dev/null
}

# says_the_same PROGRAM: what it said undisturbed; xwadm, whose tables have a place for what can't be
# read, may also say that of a lab or an image.
says_the_same() {
    cmp -s /run/output /run/reference ||
        { [[ $1 == xwadm ]] && grep -q '^xwadm: .*\(labs/\|the lab\|plan\|image\|installed\|libvirt\)' /run/output; }
}

# judge COMMAND PROGRAM MODE: what is wrong after the disturbed command. It may have failed, but
# not without a word, and what it says to have done it must have done.
judge() {
    local wrong=
    code_is_fine "$2" "$3" || wrong+="; exit code $CODE"
    ((CODE == 0)) || [[ -s /run/output || $CODE -ge 128 ]] || wrong+='; no words'
    if ((CODE == 0)); then
        if only_reads "$1"; then
            says_the_same "$2" || wrong+='; it says "ok" and something else than before'
        else
            "after_$1" || wrong+='; it says "ok" and has not done it'
        fi
    fi
    lies_in_between "$1" || wrong+='; what it says or leaves is neither old nor new'
    printf '%s' "$wrong"
}

# lies_in_between COMMAND: 0 where the state after a disturbed command is one that may be, and is what
# the words in /run/first say.
lies_in_between() {
    ! declare -F "between_$1" >/dev/null || "between_$1"
}

# judge_again COMMAND: what is wrong once the same command has been run again.
judge_again() {
    # shellcheck disable=SC2034 # saved.bash's
    local wrong='' AGAIN=1
    act "$1"
    if ((CODE)); then
        # What is gone already can't be removed again, nor made what is there, and that is said.
        { [[ $1 == @(*_remove|destroy|checkpoint*) ]] && ! only_reads "$1" && "after_$1"; } || wrong+="; again: exit code $CODE"
    fi
    if only_reads "$1"; then
        cmp -s /run/output /run/reference || wrong+='; again: something else than before'
    else
        "after_$1" || wrong+='; the state afterwards is wrong'
    fi
    nothing_half_made || wrong+='; something half-made is left'
    others_are_untouched || wrong+='; something else has changed'
    printf '%s' "$wrong"
}

before() {
    ! declare -F "before_$1" >/dev/null || "before_$1"
}

# try CASE MODE CALL N: prints what is wrong, or nothing. Counts the faults that happened.
try() {
    local case=$1 program command wrong=
    program=$(program_of "$case") command=$(command_of "$case")
    before "$command" || wrong='; the state before can not be made'
    "$STEER" "$program" "$2" "$3" "$4"
    if [[ $2 == amid ]]; then
        act_and_kill "$command"
    else
        act "$command"
    fi
    ! "$STEER" hit || HITS=$((HITS + 1))
    "$STEER" off
    cp /run/output /run/first
    wrong+=$(judge "$command" "$program" "$2")
    wrong+=$(judge_again "$command")
    tell_wrong "$case" "$2 $3 $4" "$wrong"
}

# tell_wrong CASE FAULT WRONG
tell_wrong() {
    [[ -n $3 ]] || return 0
    printf '# lost: %s, %s: %s\n' "$1" "$2" "${3#; }"
    sed 's/^/#   first: /' /run/first
    sed 's/^/#   again: /' /run/output
}

# counts_of CASE: CALL COUNT lines of the undisturbed run, which is the reference.
counts_of() {
    local program command
    program=$(program_of "$1") command=$(command_of "$1")
    before "$command"
    "$STEER" "$program" count
    act "$command"
    "$STEER" off
    ((CODE == 0)) || {
        sed 's/^/# /' /run/output >&2
        return 1
    }
    cp /run/output /run/reference
    "$STEER" counts | grep -E "$(only_of "$1")"
}

# The listener's death is the keeper's, and the shell's is its student's own doing.
may_die() {
    [[ $(program_of "$1") != @(listener|xwsh) ]]
}

# faults_by_death CALL N
faults_by_death() {
    ! is_among "$1" "$STEPS" || printf 'death %s %d\n' "$1" "$2"
    ! is_among "$1" "$LONG" || printf 'amid %s %d\n' "$1" "$2"
}

# faults_of CASE: "MODE CALL N" lines.
faults_of() {
    local call count n
    counts_of "$1" >/run/counts || return
    while read -r call count; do
        for ((n = 1; n <= count; n++)); do
            ((n == 1 || n == count)) || ! is_among "$call" "$(rounds_of "$1")" || is_among "$1" "$ALL_ROUNDS" || continue
            printf 'error %s %d\n' "$call" "$n"
            ! is_among "$call" "$INTERRUPTED" || printf 'eintr %s %d\n' "$call" "$n"
            ! is_among "$call" "$SHORTENED" || printf 'short %s %d\n' "$call" "$n"
            ! is_among "$call" "$FILLED" || printf 'full %s %d\n' "$call" "$n"
            ! may_die "$1" || faults_by_death "$call" "$n"
        done
    done </run/counts
}

# run_faults CASE FAULTS_OF TRY: prints one test.
run_faults() {
    local case=$1 mode call n
    if ! "$2" "$case" >/run/all || [[ ! -s /run/all ]]; then
        printf 'not ok %d - %s: faults: %s: undisturbed, it fails\n' "$NUMBER" "$(tag_of "$case")" "$case"
        return
    fi
    if ((SAMPLE)); then
        local each=$((SAMPLE / ${#CASES[@]}))
        [[ $case != cut-* ]] || each=2
        shuf -n "$each" --random-source=<(yes "$SEED") /run/all >/run/chosen
    else
        cp /run/all /run/chosen
    fi
    while read -r mode call n <&3; do
        "$3" "$case" "$mode" "$call" "$n" >>/run/wrong
    done 3</run/chosen
    conclude "$case" "$HITS" "$(wc -l </run/chosen)" "$(wc -l </run/all)"
}

# conclude CASE INJECTED TRIED POSSIBLE
conclude() {
    local name
    name="$NUMBER - $(tag_of "$1"): faults: $1"
    if [[ -s /run/wrong ]]; then
        printf 'not ok %s, %d injected\n' "$name" "$2"
        cat /run/wrong
    elif (($2 == 0)); then
        printf 'not ok %s: none of %d happened\n' "$name" "$3"
    else
        printf 'ok %s, %d injected; %d of %d possible tried\n' "$name" "$2" "$3" "$4"
    fi
}
