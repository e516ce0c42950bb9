# shellcheck shell=bash
# The new namespaces' side: inside_main is the host's init, process 1 of its pid namespace. It
# makes a root filesystem of its own, sets the host up, runs the command and returns its status.
# Orphans (QEMU, what daemons leave) become its children; bash reaps them while it waits.

# inside_main ARGUMENT...: the arguments of the tool, already parsed.
inside_main() {
    (($$ == 1)) || usage_error "'init' is not for people; see --help."
    [[ -z ${THROWAWAY_HOST_CGROUPS-} ]] || enter_cgroups "$@"
    # Signals from the terminal reach this process as well. The shell outside decides about them.
    trap : INT TERM HUP QUIT
    unset_session_environment
    local root=/run/root outer_pid pid_fd='' working_directory=$PWD
    # /proc is still the real machine's here, so this is the process id there.
    read -r outer_pid _ </proc/self/stat
    [[ -z $OPT_PID_FILE ]] || exec {pid_fd}>"$OPT_PID_FILE"
    say "making the root filesystem"
    make_root "$root"
    enter_root "$root"
    ip link set lo up
    require_bridges
    set_up_host
    [[ -z $pid_fd ]] || echo "$outer_pid" >&"$pid_fd"
    [[ -z $pid_fd ]] || exec {pid_fd}>&-
    say "the host is up"
    unset THROWAWAY_HOST_BEGAN
    run_command "$working_directory"
}

# Moves this process into the cgroups that were made for the host and makes them the roots of a new
# cgroup namespace. unshare, outside, stays in the cgroup of its caller: with v2, a cgroup whose
# children have controllers may hold no process itself.
enter_cgroups() {
    local unshare directory
    # A death signal is sent for deaths after it was asked for: is everybody still there?
    # /proc is the real machine's, so it has the process ids of there.
    read -r _ _ _ unshare _ </proc/self/stat
    [[ $(process_field "$unshare" 4) == "$THROWAWAY_HOST_SHELL" ]] || exit 1
    while read -r directory; do
        echo 0 >"$directory/cgroup.procs" # 0 is the writer
    done <<<"$THROWAWAY_HOST_CGROUPS"
    unset THROWAWAY_HOST_CGROUPS THROWAWAY_HOST_SHELL
    exec unshare --cgroup "$BASH" "$TOOL" init "$@"
}

# What belongs to the session outside would mislead programs inside.
unset_session_environment() {
    unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES NOTIFY_SOCKET LISTEN_FDS LISTEN_PID TMPDIR \
        SSH_AUTH_SOCK SSH_CONNECTION SSH_CLIENT SSH_TTY DBUS_SESSION_BUS_ADDRESS \
        DBUS_SYSTEM_BUS_ADDRESS XDG_RUNTIME_DIR XDG_SESSION_ID XDG_SESSION_TYPE \
        SUDO_USER SUDO_UID SUDO_GID SUDO_COMMAND
    export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
}

# run_command DIRECTORY: exits with the command's status, or 1 if a sanitizer reported something.
run_command() {
    local status=0
    cd -- "$1" 2>/dev/null || cd /
    if ! command -v -- "${COMMAND[0]}" >/dev/null; then
        printf "throwaway-host: there is no command '%s' in the host.\n" "${COMMAND[0]}" >&2
        exit 127
    fi
    "${COMMAND[@]}" || status=$?
    sanitizer_reports >&2 || status=1
    exit "$status"
}

# --- the root filesystem ----------------------------------------------------------------------

# Builds the new root under /run/root: in this mount namespace, /run becomes a tmpfs of the host's.
make_root() {
    local root=$1 directory
    for directory in "$REPOSITORY" "${OPT_BIND_OUT[@]}" "$OPT_LOG_DIR"; do
        [[ $directory/ != /run/* ]] || die "$directory is below /run, and a host has a /run
of its own; move it, or choose another directory."
    done
    mount -t tmpfs -o "mode=0755,size=$OPT_SIZE" throwaway /run
    make_overlays "$root"
    make_volatile_directories "$root"
    [[ -e $root$TOOL ]] || make_overlay "$REPOSITORY" "$root$REPOSITORY"
    make_kernel_filesystems "$root"
    make_devices "$root"
    make_cgroup_mounts "$root"
    bind_out "$root"
}

# An overlay shows no mounts below its lower directory: / gets one, and so does every other
# filesystem on a disk (a separate /usr or /home).
make_overlays() {
    local root=$1 target
    make_overlay / "$root"
    while read -r target; do
        [[ $target != / && -d $target ]] || continue
        case $target/ in
            /run/* | /tmp/* | /dev/* | /proc/* | /sys/*) ;;
            *) make_overlay "$target" "$root$target" ;;
        esac
    done < <(findmnt --real --list --noheadings --output TARGET)
}

# make_overlay LOWER TARGET
make_overlay() {
    local layers
    layers=$(mktemp -d /run/layers.XXXXXX)
    mkdir -p "$layers/upper" "$layers/work" "$2"
    # The root of the merged tree has the mode and owner of the upper layer.
    chmod --reference="$1" "$layers/upper"
    chown --reference="$1" "$layers/upper"
    mount -t overlay -o "lowerdir=$1,upperdir=$layers/upper,workdir=$layers/work" throwaway "$2" ||
        lacking "can't mount an overlay of $1 with a tmpfs as its upper layer. The filesystem of
$1 may be an overlay of overlays already (the kernel allows two levels)."
}

make_volatile_directories() {
    local root=$1
    mkdir -p "$root/run" "$root/tmp" "$root/dev" "$root/proc" "$root/sys"
    mount -t tmpfs -o "mode=0755,nosuid,nodev,size=$OPT_SIZE" tmpfs "$root/run"
    mount -t tmpfs -o "mode=1777,nosuid,nodev,size=$OPT_SIZE" tmpfs "$root/tmp"
    mkdir -m 0755 "$root/run/sshd" "$root/run/dbus" "$root/run/user" "$root$STATE"
    mkdir -m 1777 "$root/run/lock"
    mkdir -m 0755 "$root$STATE/log"
    mkdir -m 0700 "$root$STATE/keys"
    install -m 0664 -g utmp /dev/null "$root/run/utmp"
}

# /proc and /sys show this host's processes and interfaces. What else they offer belongs to the
# real machine (sysctls, block devices, power), so only the network's part is writable.
make_kernel_filesystems() {
    local root=$1
    hostname "$OPT_HOSTNAME"
    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
    mount -o remount,bind,ro "$root/proc/sys"
    mount --bind "$root/sys/devices/virtual/net" "$root/sys/devices/virtual/net"
    mount -o remount,bind,ro "$root/sys"
    if [[ -e $root/proc/sysrq-trigger ]]; then
        mount --bind "$root/proc/sysrq-trigger" "$root/proc/sysrq-trigger"
        mount -o remount,bind,ro "$root/proc/sysrq-trigger"
    fi
}

# --- devices ----------------------------------------------------------------------------------

make_devices() {
    local root=$1 dev=$1/dev
    mount -t tmpfs -o mode=0755,nosuid,size=1M tmpfs "$dev"
    mkdir -m 0755 "$dev/pts" "$dev/shm" "$dev/mqueue" "$dev/net"
    mount -t devpts -o newinstance,nosuid,noexec,gid=tty,mode=0620,ptmxmode=0666 devpts "$dev/pts"
    mount -t tmpfs -o "mode=1777,nosuid,nodev,size=$OPT_SIZE" tmpfs "$dev/shm"
    mount -t mqueue mqueue "$dev/mqueue" 2>/dev/null || rmdir "$dev/mqueue"
    mknod -m 0666 "$dev/null" c 1 3 || lacking "can't make device nodes (CAP_MKNOD is missing)."
    mknod -m 0666 "$dev/zero" c 1 5
    mknod -m 0666 "$dev/full" c 1 7
    mknod -m 0666 "$dev/random" c 1 8
    mknod -m 0666 "$dev/urandom" c 1 9
    mknod -m 0666 "$dev/tty" c 5 0
    mknod -m 0666 "$dev/net/tun" c 10 200
    ln -s pts/ptmx "$dev/ptmx"
    ln -s /proc/self/fd "$dev/fd"
    ln -s fd/0 "$dev/stdin"
    ln -s fd/1 "$dev/stdout"
    ln -s fd/2 "$dev/stderr"
    copy_device /dev/kvm "$root" 0660 kvm
    copy_device /dev/vhost-net "$root" 0660 kvm
    make_console "$dev"
}

# copy_device PATH ROOT MODE GROUP: a node of its own for a device that the real machine has, with
# the mode that Debian's udev rules give it, whatever the real one's is.
copy_device() {
    [[ -c $1 ]] || return 0
    local numbers
    read -r -a numbers < <(stat -c '0x%t 0x%T' "$1")
    mknod -m "$3" "$2$1" c $((numbers[0])) $((numbers[1]))
    chgrp "$4" "$2$1" ||
        lacking "there is no group $4 here; it comes with Debian's qemu-system-common."
}

# The invoking terminal is not in the host's own devpts. As /dev/console it has a name inside, which
# ttyname(3) and so tty, ps and tmux need.
make_console() {
    local terminal
    if terminal=$(tty); then
        : >"$1/console"
        mount --bind "$terminal" "$1/console"
    else
        mknod -m 0600 "$1/console" c 5 1
    fi
}

# --- cgroups ----------------------------------------------------------------------------------

# Mounts the hierarchies of the real machine at the same places; in this cgroup namespace their
# roots are the host's own cgroups.
make_cgroup_mounts() {
    local root=$1 type controllers directory point link
    mount -t tmpfs -o mode=0755,nosuid,nodev,noexec,size=1M cgroups "$root/sys/fs/cgroup"
    while read -r type controllers directory; do
        point=$root$directory
        mkdir -p "$point"
        if [[ $type == cgroup2 ]]; then
            mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$point"
            mkdir "$point/init"
            echo 0 >"$point/init/cgroup.procs"
        else
            [[ $controllers != name=* ]] || controllers=none,$controllers
            mount -t cgroup -o "nosuid,nodev,noexec,$controllers" cgroup "$point"
        fi
    done < <(own_cgroup_directories)
    # Where controllers share a hierarchy, each has a link to it (cpu -> cpu,cpuacct).
    for link in /sys/fs/cgroup/*; do
        [[ ! -L $link ]] || cp -P "$link" "$root$link"
    done
}

# --- entering ---------------------------------------------------------------------------------

bind_out() {
    local root=$1 directory
    for directory in "${OPT_BIND_OUT[@]}"; do
        mkdir -p -- "$root$directory"
        mount --bind -- "$directory" "$root$directory"
    done
    [[ -n $OPT_LOG_DIR ]] || return 0
    mkdir -p -- "$OPT_LOG_DIR/libvirt" "$root/var/log/libvirt"
    mount --bind -- "$OPT_LOG_DIR" "$root$STATE/log"
    mount --bind -- "$OPT_LOG_DIR/libvirt" "$root/var/log/libvirt"
}

enter_root() {
    cd -- "$1" || die "there is no $1."
    mkdir -p "$1/mnt/outside"
    pivot_root . mnt/outside
    cd /
    umount --lazy /mnt/outside
    rmdir /mnt/outside
    [[ $(stat -f -c %T /) == overlayfs && -d $STATE ]] || die "the new root was not entered."
    : >"$STATE/host"
}

# libvirt's networks need bridges; the kernel loads the module when the first is made.
require_bridges() {
    ip link add name probe type bridge 2>/dev/null ||
        lacking "this kernel has no bridges (CONFIG_BRIDGE), and 'modprobe bridge' brought none."
    ip link delete probe
}
