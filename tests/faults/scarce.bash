# shellcheck shell=bash
# Without the library: disks that are full, processes that can't be had, output that nobody takes;
# and the order in which files are written, synced and renamed.

# A student's command as a program, for timeout(1).
readonly AS=("$BASH" "$HERE/run" as)

note_wrong() {
    printf '# lost: %s\n' "$1" >>/run/wrong
    sed 's/^/#   /' /run/output >>/run/wrong
}

# on_a_small_disk DIRECTORY FUNCTION ARGUMENT...: with a tmpfs of its own there.
on_a_small_disk() {
    local directory=$1 rc=0
    shift
    rm -rf /run/copy
    cp -a "$directory" /run/copy
    mount -t tmpfs -o "size=256m,mode=$(stat -c %a "$directory"),gid=$(stat -c %g "$directory")" \
        small "$directory"
    cp -a /run/copy/. "$directory/"
    "$@" || rc=$?
    umount "$directory"
    return "$rc"
}

# leave DIRECTORY blocks|inodes N: that many pages, or files, can still be had.
leave() {
    local used
    if [[ $2 == blocks ]]; then
        used=$(stat -f -c '%b %f' "$1" | awk '{ print $1 - $2 }')
        mount -o "remount,size=$(((used + $3) * 4))k" "$1"
    else
        used=$(stat -f -c '%c %d' "$1" | awk '{ print $1 - $2 }')
        mount -o "remount,nr_inodes=$((used + $3))" "$1"
    fi
}

make_room() {
    mount -o remount,size=256m,nr_inodes=100000 "$1"
}

# fill_up DIRECTORY blocks|inodes COMMAND: the command with no room at all, then with a little more
# each time, until there is enough. Adds to HITS.
fill_up() {
    local directory=$1 kind=$2 command=$3 n wrong
    for ((n = 0; n < 200; n++)); do
        if ! before "$command"; then
            note_wrong "$command: the state before can not be made"
            return 0
        fi
        leave "$directory" "$kind" "$n"
        act "$command"
        cp /run/output /run/first
        wrong=$(judge "$command" none full)
        make_room "$directory"
        if ((CODE == 0)); then
            [[ -z $wrong ]] || note_wrong "$command with $n $kind$wrong"
            return 0
        fi
        HITS=$((HITS + 1))
        grep -Eqi 'room|full|space' /run/output || wrong+='; the words do not name the cause'
        nothing_half_made || wrong+='; something half-made is left'
        wrong+=$(judge_again "$command")
        [[ -z $wrong ]] || note_wrong "$command with $n $kind left: ${wrong#; }"
    done
    note_wrong "$command has not come to an end"
}

scarce_disk() {
    on_a_small_disk "$STATE" fill_up "$STATE" blocks deploy
    on_a_small_disk "$STATE" fill_up "$STATE" blocks prepare
    on_a_small_disk "$STATE" fill_up "$STATE" blocks lab_apply
    on_a_small_disk "$STATE" fill_up "$STATE" blocks image_add
    conclude scarce-disk "$HITS" "$HITS" "$HITS"
}

scarce_inodes() {
    on_a_small_disk "$STATE" fill_up "$STATE" inodes deploy
    on_a_small_disk "$STATE" fill_up "$STATE" inodes lab_apply
    on_a_small_disk "$STATE" fill_up "$STATE" inodes image_add
    conclude scarce-inodes "$HITS" "$HITS" "$HITS"
}

# Where libvirt keeps its definitions.
scarce_domains() {
    on_a_small_disk /etc/libvirt/qemu fill_up /etc/libvirt/qemu blocks deploy
    on_a_small_disk /etc/libvirt/qemu fill_up /etc/libvirt/qemu inodes deploy
    conclude scarce-domains "$HITS" "$HITS" "$HITS"
}

# Without room, revert leaves the disk as it was.
scarce_revert() {
    on_a_small_disk "$STATE" revert_without_room
    on_a_small_disk "$STATE" fill_up "$STATE" blocks revert
    conclude scarce-revert "$HITS" "$HITS" "$HITS"
}

revert_without_room() {
    local overlay=$STATE/worlds/firewall/alice/web.qcow2 before
    soil
    before=$(sha256sum <"$overlay")
    leave "$STATE" blocks 1
    act revert
    HITS=$((HITS + 1))
    ((CODE == 1)) || note_wrong "revert without room: exit code $CODE"
    [[ $(sha256sum <"$overlay") == "$before" ]] || note_wrong 'revert without room: the disk has changed'
    make_room "$STATE"
}

# expect_try_again WORDS COMMAND...: 75 and words; and without the shortage it works again.
expect_try_again() {
    local what=$1
    shift
    CODE=0
    timeout --kill-after=5 60 "$@" >/run/output 2>&1 </dev/null || CODE=$?
    HITS=$((HITS + 1))
    [[ $CODE == 75 && -s /run/output ]] || note_wrong "$what: exit code $CODE"
}

# The keeper in a cgroup where no process may be added, and a student who may have no second one.
scarce_processes() {
    local group=/sys/fs/cgroup/pids
    [[ -d $group ]] || group=/sys/fs/cgroup
    mkdir -p "$group/faults"
    echo "$KEEPER_PID" >"$group/faults/cgroup.procs"
    echo 1 >"$group/faults/pids.max"
    expect_try_again 'list, the keeper without processes' "${AS[@]}" alice list
    expect_try_again 'start, the keeper without processes' "${AS[@]}" alice start firewall/web
    grep -Eq '^max [1-9]' "$group/faults/pids.events" || note_wrong 'no process was refused'
    echo max >"$group/faults/pids.max"
    quietly as alice list || note_wrong 'list, once there are processes again'
    kill -0 "$KEEPER_PID" || note_wrong 'the keeper has ended'
    echo "$KEEPER_PID" >"$group/cgroup.procs"
    rmdir "$group/faults"
    expect_try_again 'list, a student without processes' setpriv --reuid alice --regid alice --init-groups \
        prlimit --nproc=1 env -i /usr/local/bin/xwsh -c list
    conclude scarce-processes "$HITS" "$HITS" "$HITS"
}

# allow SOFT:HARD: so many bytes of address space for the keeper and the processes that it forks; libraries have
# their own ways to do without.
allow() {
    prlimit --pid "$KEEPER_PID" --as="$1"
}

# starve COMMAND: with as much memory as the listener has, then with a little more each time.
starve() {
    local command=$1 n has wrong
    has=$(awk '/^VmSize/ { print $2 }' "/proc/$KEEPER_PID/status")
    if only_reads "$command"; then
        before "$command"
        act "$command"
        cp /run/output /run/reference
    fi
    for ((n = 0; n < 100; n++)); do
        if ! before "$command"; then
            note_wrong "$command: the state before can not be made"
            return 0
        fi
        allow "$(((has + n * n * 16) * 1024)):unlimited"
        act "$command"
        allow unlimited:unlimited
        cp /run/output /run/first
        wrong=$(judge "$command" keeper error)
        if ((CODE == 0)); then
            [[ -z $wrong ]] || note_wrong "$command with little memory$wrong"
            return 0
        fi
        HITS=$((HITS + 1))
        wrong+=$(judge_again "$command")
        [[ -z $wrong ]] || note_wrong "$command with $((n * n * 16)) KiB: ${wrong#; }"
    done
    note_wrong "$command has not come to an end"
}

scarce_memory() {
    starve status
    starve start
    starve revert
    starve prepare
    conclude scarce-memory "$HITS" "$HITS" "$HITS"
}

# into_full_device COMMAND...: what can't be written is not said to be written.
into_full_device() {
    CODE=0
    timeout 60 "$@" >/dev/full 2>/run/output </dev/null || CODE=$?
    HITS=$((HITS + 1))
    ((CODE == 1 || CODE == 75)) || note_wrong "$* >/dev/full: exit code $CODE"
    [[ -s /run/output ]] || note_wrong "$* >/dev/full: no words"
}

scarce_output() {
    into_full_device "${AS[@]}" alice list
    into_full_device "${AS[@]}" alice status firewall
    into_full_device "${AS[@]}" alice status firewall --json
    into_full_device xwadm status
    into_full_device xwadm status --json
    into_full_device xwadm lab list
    into_full_device xwadm image list
    conclude scarce-output "$HITS" "$HITS" "$HITS"
}

# --- order ------------------------------------------------------------------------------------

# ordered WORDS TRACE: adds what "order" finds wrong in a trace of strace.
ordered() {
    "$HERE/order" "$2" >/run/order || {
        sed "s/^/# lost: $1: /" /run/order >>/run/wrong
        return 0
    }
    HITS=$((HITS + $(</run/order)))
}

# conclude_order CASE: nothing was injected here.
conclude_order() {
    local name
    name="$NUMBER - $(tag_of "$1"): faults: $1: $HITS steps in their order"
    [[ ! -s /run/wrong ]] || printf 'not '
    printf 'ok %s\n' "$name"
    cat /run/wrong
}

readonly TRACED='openat,creat,write,pwrite64,copy_file_range,sendfile,ftruncate,fsync,fdatasync,'\
'rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,sendto'

# A command of xwadm, traced.
order_of_xwadm() {
    local command=$1
    before "$command"
    shift
    quietly strace -f -y -s 256 -o /run/trace -e "trace=$TRACED" "$@" || note_wrong "$command"
    ordered "$command" /run/trace
}

order_deploy() {
    order_of_xwadm deploy xwadm deploy firewall --user bob --jobs 1
    order_of_xwadm destroy xwadm destroy firewall --user bob --yes
    order_of_xwadm lab_apply xwadm lab apply /run/firewall2.yaml
    order_of_xwadm image_add xwadm image add /run/small
    conclude_order order-deploy
}

# A verb, with the keeper and what it forks traced.
order_of_verb() {
    local tracer deadline=$((SECONDS + 20))
    before "$1"
    strace -f -y -s 256 -o /run/trace -e "trace=$TRACED" -p "$KEEPER_PID" 2>/run/strace &
    tracer=$!
    until grep -q attached /run/strace; do
        ((SECONDS < deadline)) || { note_wrong 'strace does not attach' && return; }
        sleep 0.02
    done
    act "$1"
    ((CODE == 0)) || note_wrong "$1, traced: exit code $CODE"
    kill "$tracer"
    wait "$tracer" || true
    ordered "$1" /run/trace
}

order_verbs() {
    order_of_verb prepare
    order_of_verb revert
    order_of_verb checkpoint
    order_of_verb checkpoint_delete
    conclude_order order-verbs
}
