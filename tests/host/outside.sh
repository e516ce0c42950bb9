# shellcheck shell=bash
# The real machine's side of a throwaway host: what it needs, its cgroups, its start and its end.

# Commands that a host needs, each with the Debian package that has it.
readonly NEEDED_COMMANDS=(
    unshare:util-linux setpriv:util-linux pivot_root:util-linux findmnt:util-linux
    perl:perl-base hostname:hostname systemd-tmpfiles:systemd ip:iproute2 nft:nftables
    dbus-daemon:dbus-daemon
    libvirtd:libvirt-daemon-system virtlogd:libvirt-daemon-system virsh:libvirt-clients
    qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils sshd:openssh-server
    ssh:openssh-client ssh-keygen:openssh-client useradd:passwd setcap:libcap2-bin
)

readonly CGROUP_PREFIX=throwaway-host

outside_main() {
    export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    say "checking what this machine has"
    require_machine
    local terminal child='' signal='' own_cgroups=()
    terminal=$(terminal_state)
    trap 'outside_cleanup' EXIT
    trap 'signal=INT; kill_host' INT
    trap 'signal=TERM; kill_host' TERM
    trap 'signal=HUP; kill_host' HUP
    trap 'signal=QUIT; kill_host' QUIT
    remove_stale_cgroups
    make_cgroups
    # Standard input is named because a background job would get /dev/null; a background job also
    # ignores SIGINT and SIGQUIT, which env undoes. Should this shell be killed, setpriv has unshare
    # killed, unshare has the host's init killed, and with init every process inside ends.
    THROWAWAY_HOST_SHELL=$$ THROWAWAY_HOST_CGROUPS=$(printf '%s\n' "${own_cgroups[@]}") \
        env --default-signal=INT,QUIT setpriv --pdeathsig KILL \
        unshare --mount --net --pid --uts --ipc --fork --kill-child "$BASH" "$TOOL" init "$@" <&0 &
    child=$!
    [[ -z $signal ]] || kill_host
    # A trapped signal ends wait early; the child is this shell's until it was waited for.
    local status=0
    while :; do
        status=0
        wait "$child" || status=$?
        [[ $(process_field "$child" 4) == "$$" ]] || break
    done
    child=''
    [[ -z $signal ]] || end_by_signal
    exit "$status"
}

# Ends by the signal that was caught, so that a calling make or shell sees what happened.
end_by_signal() {
    outside_cleanup
    trap - EXIT "$signal"
    kill -s "$signal" "$BASHPID"
}

outside_cleanup() {
    if [[ -n $child ]]; then
        kill_host
        wait "$child" || true
        child=''
    fi
    remove_cgroups "${own_cgroups[@]}"
    [[ -z $OPT_PID_FILE ]] || rm -f -- "$OPT_PID_FILE"
    restore_terminal "$terminal"
}

# Kills the host's init, upon which the kernel kills whatever runs in its pid namespace, and returns
# when the last of it is gone: init is a zombie, or no more, only then.
kill_host() {
    [[ -n $child ]] || return 0
    local directory pid init='' state
    for directory in /proc/[0-9]*; do
        pid=${directory##*/}
        [[ $(process_field "$pid" 4) != "$child" ]] || init=$pid
    done
    # bash would report the killed job; unshare would complain about the signal that ended init.
    exec 2>/dev/null
    kill -KILL "$child" ${init:+"$init"} || true
    [[ -n $init ]] || return 0
    while state=$(process_field "$init" 3) && [[ $state != [ZX] ]]; do
        sleep 0.01
    done
}

# --- what the machine must have ---------------------------------------------------------------

require_machine() {
    ((EUID == 0)) || lacking "only root can make a throwaway host (it needs mounts, namespaces
and device nodes). Run it as root, for example with sudo."
    require_commands
    unshare --mount --net --pid --uts --ipc --cgroup --fork true 2>/dev/null ||
        lacking "this machine does not let root make mount, net, pid, uts, ipc and cgroup
namespaces (unshare failed). In a container, run it with --privileged; on a kernel of your own,
build in CONFIG_NAMESPACES and all that belong to it."
    require_kernel_feature overlay "overlayfs (CONFIG_OVERLAY_FS)" \
        grep -qw overlay /proc/filesystems
    require_kernel_feature tun "tun devices (CONFIG_TUN)" grep -qw tun /proc/misc
    [[ -e $REPOSITORY/Makefile || $OPT_PRODUCT == no ]] ||
        die "there is no Makefile in $REPOSITORY, so the product can't be installed.
Use --no-product for a host without it."
}

require_commands() {
    local entry packages=() commands=()
    for entry in "${NEEDED_COMMANDS[@]}"; do
        command -v "${entry%%:*}" >/dev/null && continue
        commands+=("${entry%%:*}")
        packages+=("${entry#*:}")
    done
    ((${#commands[@]} == 0)) || lacking "missing here: ${commands[*]}.
On Debian: apt-get install --no-install-recommends $(
            printf '%s\n' "${packages[@]}" | sort -u | tr '\n' ' '
        )
(in a complete source tree, 'make deps' does that)."
}

# require_kernel_feature MODULE WORDS TEST...: TEST must hold, perhaps after loading MODULE.
require_kernel_feature() {
    local module=$1 words=$2
    shift 2
    "$@" && return
    modprobe -- "$module" 2>/dev/null || true
    "$@" || lacking "this kernel has no $words, and 'modprobe $module' brought none."
}

# --- cgroups ----------------------------------------------------------------------------------
# One cgroup of its own in every mounted hierarchy (several with cgroup v1, one with v2), below the
# one that this shell is in, so that limits of the caller hold. The name has the process id of this
# shell and its start time: cgroups of a host whose shell was killed are recognised by them.

# Prints "TYPE OPTIONS DIRECTORY" for every hierarchy; DIRECTORY is this shell's own cgroup.
own_cgroup_directories() {
    local id controllers path mounts type options point root
    mounts=$(awk '{ for (i = 7; $i != "-"; i++);
        if ($(i + 1) ~ /^cgroup2?$/) print $4, $5, $(i + 1), $(i + 3) }' /proc/self/mountinfo)
    while IFS=: read -r id controllers path; do
        while read -r root point type options; do
            if [[ $id == 0 ]]; then
                [[ $type == cgroup2 ]] || continue
            else
                [[ $type == cgroup && ,$options, == *,"$controllers",* ]] || continue
            fi
            [[ $root == / ]] || path=${path#"$root"}
            path=${point}${path%/}
            printf '%s %s %s\n' "$type" "${controllers:--}" "$path"
            break
        done <<<"$mounts"
    done <"/proc/self/cgroup"
}

make_cgroups() {
    local type controllers parent directory name
    name=$CGROUP_PREFIX.$$.$(process_field $$ 22)
    while read -r type controllers parent; do
        directory=$parent/$name
        mkdir -- "$directory" 2>/dev/null ||
            lacking "can't make a cgroup in $parent. Is /sys/fs/cgroup mounted read-only?"
        own_cgroups+=("$directory")
        # A new v1 cpuset is empty and takes no process until it has processors and memory.
        if [[ ,$controllers, == *,cpuset,* ]]; then
            cat "$parent/cpuset.cpus" >"$directory/cpuset.cpus"
            cat "$parent/cpuset.mems" >"$directory/cpuset.mems"
        fi
    done < <(own_cgroup_directories)
}

# A cgroup stays busy for a moment after its last process is gone, for seconds on a machine that has
# much to do; hence the repetition. Should one remain after ten, the next host removes it.
remove_cgroups() {
    local directory
    for directory; do
        for _ in {1..500}; do
            find "$directory" -depth -type d -exec rmdir -- {} + 2>/dev/null || true
            [[ -d $directory ]] || break
            sleep 0.02
        done
    done
}

remove_stale_cgroups() {
    local parent directory pid start
    while read -r _ _ parent; do
        for directory in "$parent/$CGROUP_PREFIX".*; do
            [[ -d $directory ]] || continue
            IFS=. read -r _ pid start <<<"${directory##*/}"
            [[ $(process_field "$pid" 22) == "$start" ]] ||
                find "$directory" -depth -type d -exec rmdir -- {} + 2>/dev/null || true
        done
    done < <(own_cgroup_directories)
}

# --- the terminal -----------------------------------------------------------------------------

# Prints the settings of the terminal if standard input is one and this process group is in its
# foreground; nothing otherwise.
terminal_state() {
    [[ -t 0 && $(process_field $$ 5) == "$(process_field $$ 8)" ]] || return 0
    stty -g
}

# restore_terminal STATE: a command that was killed may have left the terminal raw, and an
# interactive shell leaves it to its own process group, which no longer exists.
restore_terminal() {
    local state=$1 foreground group
    [[ -n $state && -t 0 ]] || return 0
    foreground=$(process_field $$ 8)
    group=$(process_field $$ 5)
    if [[ $foreground != "$group" ]]; then
        ! kill -0 -- "-$foreground" 2>/dev/null || return 0
        perl -MPOSIX -e '$SIG{TTOU} = "IGNORE"; exit !POSIX::tcsetpgrp(0, $ARGV[0])' "$group" ||
            return 0
    fi
    stty "$state" 2>/dev/null || true
}
