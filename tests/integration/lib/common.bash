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

# make_firewall OWNER: the lab of the examples, and somebody's world of it.
make_firewall() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    xwadm deploy firewall --user "$1"
}

# no_relay: nobody is at a console.
no_relay() {
    ! pgrep -x xwrelay && ! pgrep -x xwrelay-console
} >/dev/null

# end_processes PID...: those that a test has left; stopped ones, too.
end_processes() {
    local pid
    for pid; do
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# make_person NAME GROUPS [OPTION...]: somebody with a key, who gets xwsh; options are useradd's.
make_person() {
    local name=$1 groups=$2
    shift 2
    useradd --create-home --shell /usr/local/bin/xwsh --groups "$groups" "$@" "$name"
    give_key "$name" "/home/$name"
}

# give_key NAME HOME: a new key, the only one that sshd takes from them.
give_key() {
    ssh-keygen -q -t ed25519 -N '' -C "$1" -f "/run/throwaway/keys/$1"
    install -d -m 0700 -o "$1" "$2/.ssh"
    install -m 0600 -o "$1" "/run/throwaway/keys/$1.pub" "$2/.ssh/authorized_keys"
}

# remove_person NAME...: with home and key, for the files that come after make their own. All of a
# host's files run in it one after the other.
remove_person() {
    local name
    for name; do
        userdel -r "$name" 2>/dev/null
        rm -f "/run/throwaway/keys/$name" "/run/throwaway/keys/$name.pub"
    done
}

# take_key NAME HOME
take_key() {
    rm -rf "$2/.ssh" "/run/throwaway/keys/$1" "/run/throwaway/keys/$1.pub"
}

# apply_firewall_as LAB LINE...: the firewall lab under another name, with these lines in its section "access".
apply_firewall_as() {
    local lab=$1 lines
    shift
    lines=$(printf '  %s\\n' "$@")
    sed -E "/^ +instructors:/d; s/^ +students: .*/${lines%\\n}/" labs/firewall/lab.yaml \
        >"$BATS_FILE_TMPDIR/$lab.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/$lab.yaml"
}

# no_lab LAB: not there, nor any world of it, whatever the files before have left.
no_lab() {
    [[ -e /var/lib/xworlds/labs/$1 ]] || return 0
    xwadm destroy "$1" --all --force --yes || true
    xwadm lab remove "$1"
}

# as_new_login USER WORD...: asked by a login that PAM has not seen.
as_new_login() {
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups /usr/local/bin/xwsh "$@"
}

# pam_on: logins go through the module, as INSTALL says. pam_off: as before.
pam_on() {
    local command
    cp -a /etc/pam.d /run/pam.d.before
    while IFS= read -r command; do
        bash -c "$command"
    done < <(tests/install-commands Logins)
}

pam_off() {
    rm -rf /etc/pam.d
    mv /run/pam.d.before /etc/pam.d
}

# made_partition DOMAIN: makes the cgroups of its world, as the keeper does before a start, where systemd doesn't.
made_partition() {
    local group directory
    group=$(virsh -q -c qemu:///system dumpxml "$1" |
        sed -nE 's|.*<partition>/machine/xw/([^<]+)</partition>.*|\1|p')
    for directory in /sys/fs/cgroup/*/machine/xw.partition; do
        [[ -n $group && ! -L ${directory%/machine/*} && -d $directory ]] || continue
        mkdir -p "$directory/$group.partition"
        [[ $directory != */cpuset*/machine/* ]] || copy_cpuset "$directory" "$directory/$group.partition"
    done
}

copy_cpuset() {
    cat "$1/cpuset.cpus" >"$2/cpuset.cpus"
    cat "$1/cpuset.mems" >"$2/cpuset.mems"
}
