# shellcheck shell=bash
# What is saved of machines: checkpoints, and the memory of those that are suspended.
# between_COMMAND: how it may be after a disturbed command, and whether its words in /run/first are true.

record_of() { echo "$STATE/worlds/firewall/$1/checkpoints"; }
overlay_of() { echo "$STATE/worlds/firewall/$1/$2.qcow2"; }

# Tells states of a disk apart: a byte in its last cluster, where no file system of the image's comes.
# Asked for once: all machines are of one image.
disk_end() {
    [[ -s /run/disk-end ]] ||
        qemu-img info -U --output=json "$(overlay_of "$1" "$2")" | jq '."virtual-size" - 65536' >/run/disk-end
    cat /run/disk-end
}
# mark USER MACHINE BYTE: of a machine that is off.
mark() {
    qemu-io -f qcow2 -c "write -P $3 $(disk_end "$1" "$2") 4096" "$(overlay_of "$1" "$2")" >/run/quietly
}
marked() {
    qemu-io -U -r -f qcow2 -c "read -P $3 $(disk_end "$1" "$2") 4096" "$(overlay_of "$1" "$2")" >/run/quietly 2>&1 &&
        ! grep -q 'verification failed' /run/quietly
}

# listed USER NAME: the machines that have such a checkpoint, as the student is told.
listed() {
    as "$1" checkpoint list firewall | awk -v name="$2" '$2 == name { print $1 }' | sort | xargs
}

# snapshot USER MACHINE NAME: it is in the overlay.
snapshot() {
    qemu-img snapshot -U -l "$(overlay_of "$1" "$2")" | awk -v name="cp-$3" '$2 == name { found = 1 } END { exit !found }'
}

# kept USER NAME MACHINE...: just these have it, and nothing is half-made. libvirt knows of none, which
# a disturbed command may leave to the next.
kept() {
    local user=$1 name=$2 machine
    shift 2
    [[ $(listed "$user" "$name") == "$*" ]] || return 1
    ! grep -qE '^state (making|deleting)' "$(record_of "$user")" || return 1
    for machine; do
        snapshot "$user" "$machine" "$name" || return 1
        ((!AGAIN)) || [[ -z $(virsh -q -c qemu:///system snapshot-list --name "xw:firewall:$user:$machine") ]] || return 1
    done
}

no_checkpoints() {
    local name names
    [[ -e $(record_of "$1") ]] || return 0
    mapfile -t names < <(awk '$1 == "checkpoint" { print $3 }' "$(record_of "$1")" | sort -u)
    for name in "${names[@]}"; do
        quietly as "$1" checkpoint delete firewall "$name" --yes
    done
}

web_off() {
    stop_web
    quietly virsh -q -c qemu:///system managedsave-remove xw:firewall:alice:web
}

# said WORDS: the disturbed command did.
said() { grep -q "$1" /run/first; }

# --- made -------------------------------------------------------------------------------------

# made_between USER MACHINE...: the checkpoint "one" is listed for all of them or for none.
made_between() {
    local user=$1 have
    shift
    have=$(listed "$user" one)
    [[ -z $have ]] || { [[ $have == "$*" ]] && ! said 'nothing was saved'; }
}

before_checkpoint() {
    no_checkpoints alice
    web_off
}
act_checkpoint() { as alice checkpoint create firewall/web one -m "'as it was'"; }
after_checkpoint() { kept alice one web && [[ $(domain_state alice web) == 'shut off' ]]; }
between_checkpoint() { made_between alice web; }

before_checkpoint_running() {
    no_checkpoints alice
    start_web
}
act_checkpoint_running() { as alice checkpoint create firewall/web one; }
after_checkpoint_running() {
    kept alice one web && [[ $(domain_state alice web) == running ]] &&
        grep -qx 'memory 1' "$(record_of alice)"
}
between_checkpoint_running() { made_between alice web; }

# Two that run, and one that is off.
before_checkpoint_world() {
    [[ -e $STATE/worlds/firewall/bob ]] || quietly xwadm deploy firewall --user bob
    no_checkpoints bob
    quietly as bob start firewall/router,web
}
act_checkpoint_world() { as bob checkpoint create firewall one; }
after_checkpoint_world() {
    kept bob one client router web && [[ $(domain_state bob router) == running &&
        $(domain_state bob web) == running && $(domain_state bob client) == 'shut off' ]]
}
between_checkpoint_world() { made_between bob client router web; }

# --- gone back to -----------------------------------------------------------------------------

# The checkpoint "one" of a disk that is marked 1; now it is marked 2.
before_to_checkpoint() {
    if ! kept alice one web || grep -qx 'memory 1' "$(record_of alice)"; then
        no_checkpoints alice
        web_off
        mark alice web 1
        quietly as alice checkpoint create firewall/web one
    fi
    web_off
    mark alice web 2
}
act_to_checkpoint() { as alice revert firewall/web one --yes; }
after_to_checkpoint() {
    kept alice one web && marked alice web 1 && [[ $(domain_state alice web) == 'shut off' ]]
}
between_to_checkpoint() {
    marked alice web 2 || { marked alice web 1 && ! said 'nothing was reverted'; }
}

before_to_checkpoint_running() {
    if ! kept alice one web || ! grep -qx 'memory 1' "$(record_of alice)"; then
        no_checkpoints alice
        web_off
        mark alice web 1
        start_web
        quietly as alice checkpoint create firewall/web one
    fi
    if ! marked alice web 2; then
        web_off
        mark alice web 2
    fi
    start_web
}
act_to_checkpoint_running() { act_to_checkpoint; }
after_to_checkpoint_running() {
    kept alice one web && marked alice web 1 && [[ $(domain_state alice web) == running ]]
}
between_to_checkpoint_running() { between_to_checkpoint; }

before_to_pristine() { before_to_checkpoint; }
act_to_pristine() { as alice revert firewall/web --yes; }
after_to_pristine() {
    kept alice one web && marked alice web 0 && [[ $(domain_state alice web) == 'shut off' ]]
}
between_to_pristine() { marked alice web 2 || marked alice web 0; }

# --- told, and removed ------------------------------------------------------------------------

before_checkpoint_list() { before_to_checkpoint; }
act_checkpoint_list() { as alice checkpoint list firewall; }
before_checkpoint_json() { before_to_checkpoint; }
act_checkpoint_json() { as alice checkpoint list firewall --json; }

before_checkpoint_delete() {
    kept alice one web && kept alice two web && return
    no_checkpoints alice
    web_off
    quietly as alice checkpoint create firewall/web one
    quietly as alice checkpoint create firewall/web two
}
act_checkpoint_delete() { as alice checkpoint delete firewall/web one --yes; }
after_checkpoint_delete() {
    [[ -z $(listed alice one) ]] && ! snapshot alice web one && kept alice two web
}
between_checkpoint_delete() {
    [[ $(listed alice two) == web ]] && { ! said 'nothing was deleted' || kept alice one web; }
}

# --- suspended --------------------------------------------------------------------------------

suspended() {
    [[ $(domain_state "$1" "$2") == 'shut off' ]] &&
        virsh -q -c qemu:///system dominfo "xw:firewall:$1:$2" | has '^Managed save: *yes'
}

# Nobody's memory is lost, whatever happened. libvirt completes a save, in which the machine is paused,
# without whoever has asked for it.
on_or_suspended() {
    local machine user=$1 deadline=$((SECONDS + 30))
    shift
    for machine; do
        until [[ $(domain_state "$user" "$machine") != paused ]] || ((SECONDS > deadline)); do
            sleep 0.1
        done
        [[ $(domain_state "$user" "$machine") == running ]] || suspended "$user" "$machine" || return 1
    done
}

before_suspend() { start_web; }
act_suspend() { "$HERE/logout" alice; }
after_suspend() { suspended alice web; }
between_suspend() { on_or_suspended alice web; }

before_suspend_world() {
    [[ -e $STATE/worlds/firewall/bob ]] || quietly xwadm deploy firewall --user bob
    quietly as bob start firewall/router,web
}
act_suspend_world() { "$HERE/logout" bob; }
after_suspend_world() { suspended bob router && suspended bob web; }
between_suspend_world() { on_or_suspended bob router web; }

# --- where the power was cut, and machines are off ---------------------------------------------

# sound USER MACHINE: of one that is off. Clusters that nobody has (3) are no harm.
sound() {
    local rc=0
    qemu-img check -q "$(overlay_of "$1" "$2")" >/run/quietly 2>&1 || rc=$?
    ((rc == 0 || rc == 3))
}

before_checkpoint_cut() { before_checkpoint_running; }
act_checkpoint_cut() { act_checkpoint_running; }
after_checkpoint_cut() { kept alice one web && { [[ $(domain_state alice web) == running ]] || sound alice web; }; }
between_checkpoint_cut() { made_between alice web; }

before_to_checkpoint_cut() { before_to_checkpoint_running; }
act_to_checkpoint_cut() { act_to_checkpoint; }
after_to_checkpoint_cut() { after_to_checkpoint_running && web_off && sound alice web; }
between_to_checkpoint_cut() { between_to_checkpoint; }

# What was saved goes on, and what was not boots.
before_suspend_cut() { before_suspend; }
act_suspend_cut() { act_suspend; }
after_suspend_cut() { quietly as alice start firewall/web && [[ $(domain_state alice web) == running ]]; }
