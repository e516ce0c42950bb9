# shellcheck shell=bash
# The cases: for each, which program is disturbed in which command.
# before_COMMAND: how it is before; act_COMMAND: the command; after_COMMAND: how it must be once it
# has succeeded. COMMANDs with no after_ only read: what they say must be what they said undisturbed.

# CASE PROGRAM COMMAND
readonly CASE_TABLE='
list            keeper   list
status          keeper   status
start           keeper   start
start-2         keeper   start
stop            keeper   stop
stop-2          keeper   stop
stop-acpi       keeper   stop_acpi
reboot          keeper   reboot
revert          keeper   revert
revert-running  keeper   revert_running
revert-running-2 keeper  revert_running
prepare         keeper   prepare
resume          keeper   resume
tick-idle       xwadm    tick_idle
checkpoint      keeper   checkpoint
checkpoint-running keeper checkpoint_running
checkpoint-world keeper  checkpoint_world
checkpoint-delete keeper checkpoint_delete
checkpoint-list keeper   checkpoint_list
to-checkpoint   keeper   to_checkpoint
to-checkpoint-running keeper to_checkpoint_running
to-pristine     keeper   to_pristine
suspend         keeper   suspend
suspend-world   keeper   suspend_world
worlds          keeper   worlds
grants          keeper   grants
extend          keeper   extend
deploy-one      keeper   deploy_one
listener        listener list_twice
gate-list       gate     list
gate-status     gate     status
gate-start      gate     start
gate-revert     gate     revert
shell-list      xwsh     list
shell-status    xwsh     status
shell-json      xwsh     status_json
shell-start     xwsh     start
shell-revert    xwsh     revert
shell-checkpoint xwsh    checkpoint
shell-checkpoints xwsh   checkpoint_json
shell-console   xwsh     console
gate-console    gate     console
console         keeper   console
relay           relay    relay
relay-console   relay    seats
console-taken   keeper   take
deploy          xwadm    deploy
destroy         xwadm    destroy
lab-apply       xwadm    lab_apply
lab-remove      xwadm    lab_remove
lab-keep        xwadm    lab_keep
image-add       xwadm    image_add
image-remove    xwadm    image_remove
image-keep      xwadm    image_keep
adm-prepare     xwadm    prepare
adm-status      xwadm    adm_status
adm-status-json xwadm    adm_status_json
lab-list        xwadm    lab_list
image-list      xwadm    image_list
cut-start       keeper   start
cut-revert      keeper   revert_running
cut-checkpoint  keeper   checkpoint_cut
cut-checkpoint-delete keeper checkpoint_delete
cut-to-checkpoint keeper to_checkpoint_cut
cut-suspend     keeper   suspend_cut
cut-prepare     keeper   prepare
cut-deploy      xwadm    deploy
cut-destroy     xwadm    destroy
cut-lab-apply   xwadm    lab_apply
cut-image-add   xwadm    image_add
'
# Those that are no table of faults; see scarce.bash.
readonly OTHER_CASES=(order-deploy order-verbs scarce-disk scarce-inodes scarce-domains scarce-revert
    scarce-memory scarce-processes scarce-output)

# shellcheck disable=SC2034 # run's
mapfile -t ALL_CASES < <(awk 'NF { print $1 }' <<<"$CASE_TABLE" && printf '%s\n' "${OTHER_CASES[@]}")

# program_of CASE, command_of CASE
program_of() { awk -v case="$1" '$1 == case { print $2 }' <<<"$CASE_TABLE"; }
command_of() { awk -v case="$1" '$1 == case { print $3 }' <<<"$CASE_TABLE"; }

# The claim of docs/threat-model.md that a case holds up.
tag_of() {
    case $1 in
        cut-* | order-*) echo T-L5 ;;
        *) echo T-L4 ;;
    esac
}

readonly CHANGING='vir.*|create|write|fsync|rename|unlink|f?statvfs|asprintf|open_memstream|send'

# What a case is there for, where another has the rest: an extended regular expression of calls.
only_of() {
    case $1 in
        stop-acpi) echo '^(virConnect(Un)?[Rr]eg|virConnectDomainEvent|virEvent|virDomainShutdown|virDomainIsActive)' ;;
        # What they do before they look at checkpoints, revert does, too; how their record is read is
        # tried once.
        checkpoint) echo "^($CHANGING|open|read|fstat|fclose|malloc|calloc|syscall) " ;;
        checkpoint-list) echo '^(send|open|read|fstat|malloc|syscall|set.*|prctl) ' ;;
        checkpoint-world) echo '^(virDomain(Suspend|Resume|Snap.*|List.*)|send|fsync|rename) ' ;;
        # The slowest: what it does otherwise is in "to-checkpoint".
        to-checkpoint-running) echo '^virDomain(Revert|Snap|List|Destroy|IsActive|HasManaged).* ' ;;
        to-pristine) echo '^(virDomain.*|send) ' ;;
        checkpoint-* | to-checkpoint | suspend-world | cut-*checkpoint* | cut-suspend)
            echo "^($CHANGING) "
            ;;
        suspend) echo "^($CHANGING|opendir|readdir|fopen|getpw.*|poll|pidfd_open|open|stat|recvmsg) " ;;
        worlds | grants | extend | deploy-one)
            echo '^(vir.*|create|write|fsync|rename|send|openat|f?opendir|fdopendir|readdir|f?stat(at)?|get(pw|gr).*) '
            ;;
        # What is of another program than the gate's request, and who is there already.
        console-taken) echo '^(socket|connect|send|sendmsg|read|poll|flock|create|timerfd.*|unlink|mkfifo|execve) ' ;;
        start | stop | revert-running) echo '^[a-m]' ;; # in halves, for what can be repeated
        *-2) echo '^[^a-m]' ;;
        *) echo . ;;
    esac
}

# --- commands ---------------------------------------------------------------------------------

# as USER COMMAND...: a student's command, without ssh.
as() {
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups env -i TERM=dumb /usr/local/bin/xwsh -c "$*"
}

# has [-x] PATTERN: grep -q, which ends with the first match, would have the program before it fail.
has() { grep "$@" >/dev/null; }

quietly() {
    "$@" </dev/null >/run/quietly 2>&1 || {
        cat /run/quietly >&2
        echo "faults: failed: $*" >&2
        return 1
    }
}

domain_state() {
    virsh -q -c qemu:///system domstate "xw:firewall:$1:$2" 2>/dev/null || echo none
}

overlay_is_pristine() {
    cmp -s "$STATE/images/tiny/template.qcow2" "$STATE/worlds/firewall/$1/$2.qcow2"
}

# Nothing that was written aside is left.
nothing_half_made() {
    [[ -z $(find "$STATE" -name '*.new' -o -name '.*.new.*' -o -name '.new*') ]]
}

world_is_whole() {
    local machine off
    off=$(virsh -q -c qemu:///system list --inactive --name) || return 1
    for machine in router web client; do
        grep -qx "xw:firewall:$1:$machine" <<<"$off" || return 1
        overlay_is_pristine "$1" "$machine" || return 1
    done
    grep -qx "uid $(id -u "$1")" "$STATE/worlds/firewall/$1/owner" &&
        grep -qx 'lab firewall' "$STATE/owners/$(id -u "$1")"
}

world_is_gone() {
    [[ ! -e $STATE/worlds/firewall/$1 ]] &&
        ! virsh -q -c qemu:///system list --all --name | has "^xw:firewall:$1:" &&
        ! grep -qsx 'lab firewall' "$STATE/owners/$(id -u "$1")"
}

# What none of the commands may touch.
others_are_untouched() {
    overlay_is_pristine alice router && overlay_is_pristine alice client &&
        grep -qx 'lab firewall' "$STATE/owners/$(id -u alice)" &&
        grep -qx 'lab firewall' "$STATE/labs/firewall/access" &&
        virsh -q -c qemu:///system dominfo xw:firewall:alice:web >/dev/null
}

# --- what only reads --------------------------------------------------------------------------

# One machine runs, so that to say that none does is wrong.
before_list() { start_web; }
before_status() { start_web; }
before_status_json() { start_web; }
before_adm_status() { start_web; }
before_adm_status_json() { start_web; }
act_list() { as alice list; }
# What the listener does when a request has ended comes before it serves the next one.
act_list_twice() { as alice list && as alice list; }
act_status() { as alice status firewall; }
act_status_json() { as alice status firewall --json; }
act_adm_status() { xwadm status; }
act_adm_status_json() { xwadm status --json; }
act_lab_list() { xwadm lab list; }
act_image_list() { xwadm image list; }

# Said the same, whatever happened: a relay moves every byte, or ends.
act_relay() { "$HERE/relay"; }
act_seats() { "$HERE/seats"; }

# --- a student's ------------------------------------------------------------------------------

stop_web() {
    [[ $(domain_state alice web) == 'shut off' ]] ||
        quietly virsh -q -c qemu:///system destroy xw:firewall:alice:web
}
start_web() {
    [[ $(domain_state alice web) == running ]] || quietly as alice start firewall/web
}

before_start() { stop_web; }
act_start() { as alice start firewall/web; }
after_start() { [[ $(domain_state alice web) == running ]]; }

before_stop() { start_web; }
act_stop() { as alice stop firewall/web --force; }
after_stop() { [[ $(domain_state alice web) == 'shut off' ]]; }

# A machine whose processors are halted doesn't see the power button.
before_stop_acpi() {
    start_web
    quietly virsh -q -c qemu:///system suspend xw:firewall:alice:web
}
act_stop_acpi() { as alice stop firewall/web; }
after_stop_acpi() { after_stop; }

before_reboot() { start_web; }
act_reboot() { as alice reboot firewall/web --force; }
after_reboot() { [[ $(domain_state alice web) == running ]]; }

# Saved on the disk, as virsh does it.
before_resume() {
    stop_web
    quietly virsh -q -c qemu:///system managedsave-remove xw:firewall:alice:web
    start_web
    quietly virsh -q -c qemu:///system managedsave xw:firewall:alice:web
}
act_resume() { as alice start firewall/web; }
after_resume() { [[ $(domain_state alice web) == running ]]; }

# look_at_web MILLISECONDS: a pass that only looks, a minute ago; so long it had been idle by then.
look_at_web() {
    grep -qx 'suspend-after 30' "$STATE/labs/firewall/plan" ||
        sed -i '/^lab /a suspend-after 30' "$STATE/labs/firewall/plan"
    start_web
    rm -f "$STATE/idle/look"
    quietly xwadm tick
    local taken
    taken=$(awk '$1 == "taken" { print $2 }' "$STATE/idle/look")
    sed -i "s/^taken .*/taken $((taken - 60000))/; s/^idle .*/idle $1/" "$STATE/idle/look"
}
before_tick_idle() {
    look_at_web 0
    sed -i 's/^cpu .*/cpu 1/' "$STATE/idle/look"
}
act_tick_idle() { xwadm tick; }
after_tick_idle() { grep -q '^world firewall alice' "$STATE/idle/look" && nothing_half_made; }

soil() {
    stop_web
    # Whatever differs from pristine and is a whole overlay.
    qemu-img snapshot -c soiled "$STATE/worlds/firewall/alice/web.qcow2"
}
before_revert() { soil; }
act_revert() { as alice revert firewall/web --yes; }
after_revert() { overlay_is_pristine alice web; }

before_revert_running() {
    soil
    start_web
}
act_revert_running() { as alice revert firewall/web --yes; }
# It has started again, so the overlay may have been written to: the snapshot must be gone.
after_revert_running() {
    ! qemu-img snapshot -U -l "$STATE/worlds/firewall/alice/web.qcow2" | has soiled
}

before_console() { start_web; }
act_console() { "$HERE/viewer" alice firewall/web; }

# --- an admin's -------------------------------------------------------------------------------

no_world() { world_is_gone bob || quietly xwadm destroy firewall --user bob --yes --force; }
a_world() { world_is_whole bob || quietly xwadm deploy firewall --user bob; }

before_prepare() { no_world; }
act_prepare() { xwadm prepare bob; }
after_prepare() { world_is_whole bob; }

before_deploy() { no_world; }
act_deploy() { xwadm deploy firewall --user bob --jobs 1; }
after_deploy() { world_is_whole bob; }

before_destroy() { a_world; }
act_destroy() { xwadm destroy firewall --user bob --yes; }
after_destroy() { world_is_gone bob; }

before_lab_apply() { [[ ! -e $STATE/labs/firewall2 ]] || quietly xwadm lab remove firewall2; }
act_lab_apply() { xwadm lab apply /run/firewall2.yaml; }
after_lab_apply() { xwadm lab show firewall2 | has router; }

before_lab_remove() { quietly xwadm lab apply /run/firewall2.yaml; }
act_lab_remove() { xwadm lab remove firewall2; }
after_lab_remove() { [[ ! -e $STATE/labs/firewall2 ]]; }

before_image_add() { [[ ! -e $STATE/images/small ]] || quietly xwadm image remove small; }
act_image_add() { xwadm image add /run/small; }
after_image_add() { xwadm image show small >/dev/null && xwadm image list | has '^small'; }

before_image_remove() { [[ -e $STATE/images/small ]] || quietly xwadm image add /run/small; }
act_image_remove() { xwadm image remove small; }
after_image_remove() { [[ ! -e $STATE/images/small ]]; }

# To be refused is what it does: a lab uses the image.
before_image_keep() {
    before_image_remove
    [[ -e $STATE/labs/uses-small ]] || quietly xwadm lab apply /run/uses-small.yaml
}
# refused COMMAND...: 0 when it fails as it has to, 99 when it works.
refused() {
    local code=0
    "$@" || code=$?
    return $((code == 1 ? 0 : code == 0 ? 99 : code))
}
act_image_keep() { refused xwadm image remove small; }
after_image_keep() { [[ -e $STATE/images/small/image.conf && -e $STATE/labs/uses-small ]]; }

# A student has a world of it.
act_lab_keep() { refused xwadm lab remove firewall; }
after_lab_keep() { [[ -e $STATE/labs/firewall/access ]]; }
