# shellcheck shell=bash
# What makes the copy of this machine a freshly installed lab host: its identity, libvirt's and
# sshd's configuration, the product, users.

# All of this changes files of the overlay only; STATE/host exists in no other root.
set_up_host() {
    [[ -e $STATE/host ]] || die "this is not the inside of a throwaway host."
    say "configuring"
    set_identity
    configure_libvirt
    configure_sshd
    configure_journald
    make_sanitizer_reports
    if [[ $OPT_PRODUCT == yes ]]; then
        say "installing the product"
        install_product
        share_libvirt_readonly
    fi
    say "starting services"
    start_services
    if ((${#OPT_USERS[@]})); then
        say "making users"
        make_users
    fi
}

set_identity() {
    local id
    id=$(</proc/sys/kernel/random/uuid)
    rm -f /etc/machine-id /etc/hostname /etc/hosts /run/nologin /etc/nologin
    echo "${id//-/}" >/etc/machine-id
    echo "$OPT_HOSTNAME" >/etc/hostname
    cat >/etc/hosts <<HOSTS
127.0.0.1 $OPT_HOSTNAME.example.edu $OPT_HOSTNAME
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
HOSTS
    # Logins inside set a loginuid of their own; the one of the caller's login is not theirs.
    { echo 4294967295 >/proc/self/loginuid; } 2>/dev/null || true
}

# --- libvirt ----------------------------------------------------------------------------------

# Debian's configuration, without the domains, networks and pools of the real machine. The
# read-write socket is root's; the read-only one is the product's to share (xwread).
configure_libvirt() {
    find /etc/libvirt/qemu /etc/libvirt/storage /etc/libvirt/secrets /etc/libvirt/hooks \
        /var/lib/libvirt /var/cache/libvirt -mindepth 1 ! -type d -delete 2>/dev/null || true
    rm -f /etc/libvirt/libvirtd.conf
    cat >/etc/libvirt/libvirtd.conf <<CONF
host_uuid = "$(</proc/sys/kernel/random/uuid)"
unix_sock_group = "root"
unix_sock_ro_perms = "0660"
unix_sock_rw_perms = "0600"
auth_unix_ro = "none"
auth_unix_rw = "none"
CONF
}

share_libvirt_readonly() {
    sed -i 's/^unix_sock_group = .*/unix_sock_group = "xwread"/' /etc/libvirt/libvirtd.conf
}

# --- sshd -------------------------------------------------------------------------------------

# Debian's settings, on loopback, with a fresh host key.
configure_sshd() {
    rm -f /etc/ssh/ssh_host_* /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf
    cat >/etc/ssh/sshd_config <<'CONF'
Include /etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1
HostKey /etc/ssh/ssh_host_ed25519_key
LogLevel VERBOSE
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
CONF
    ssh-keygen -q -t ed25519 -N '' -C "$OPT_HOSTNAME" -f /etc/ssh/ssh_host_ed25519_key
    echo "$OPT_HOSTNAME $(</etc/ssh/ssh_host_ed25519_key.pub)" >"$STATE/known_hosts"
    cat >"$STATE/ssh_config" <<CONF
Host $OPT_HOSTNAME $OPT_HOSTNAME.example.edu
    HostName 127.0.0.1
    HostKeyAlias $OPT_HOSTNAME
Host *
    BatchMode yes
    ControlMaster no
    GlobalKnownHostsFile /dev/null
    IdentitiesOnly yes
    IdentityFile $STATE/keys/%r
    LogLevel ERROR
    StrictHostKeyChecking yes
    UpdateHostKeys no
    UserKnownHostsFile $STATE/known_hosts
CONF
}

# --- journald ---------------------------------------------------------------------------------

# In memory, and without what belongs to the real machine: its kernel's messages, and its audit
# state, which journald would switch on.
configure_journald() {
    rm -rf /var/log/journal /etc/systemd/journald.conf.d
    mkdir -p /etc/systemd/journald.conf.d /run/systemd/journal /run/log/journal
    cat >/etc/systemd/journald.conf.d/throwaway.conf <<'CONF'
[Journal]
Storage=volatile
Audit=no
ReadKMsg=no
ForwardToSyslog=no
ForwardToConsole=no
ForwardToWall=no
RateLimitIntervalSec=0
CONF
}

# --- the product ------------------------------------------------------------------------------

# The commands of INSTALL, without systemd as process 1.
install_product() {
    local log=$STATE/log/install.log
    rm -rf /etc/xworlds /var/lib/xworlds
    {
        make -C "$REPOSITORY" install &&
            # The kernel tells its auditing's state to the machine's first pid namespace only.
            sed -i 's/^#audit = require$/audit = prefer/' /etc/xworlds/xworlds.conf &&
            systemd-tmpfiles --create xworlds.conf &&
            nft -f /etc/xworlds/xworlds.nft
    } >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "the product was not installed; above is the end of the log. Has 'make' been run?"
    }
}

# --- users ------------------------------------------------------------------------------------

make_users() {
    local entry name groups shell=/usr/local/bin/xwsh
    [[ $OPT_PRODUCT == yes ]] || shell=/bin/bash
    for entry in "${OPT_USERS[@]}"; do
        IFS=: read -r name groups <<<"$entry"
        make_user "$name" "$groups" "$shell"
    done
}

# make_user NAME GROUPS SHELL: no password fits "*"; the key pair is the way in.
make_user() {
    local name=$1 groups=$2 shell=$3 group home
    for group in ${groups//,/ }; do
        getent group "$group" >/dev/null || groupadd "$group"
    done
    useradd --create-home --shell "$shell" --password '*' ${groups:+--groups "$groups"} "$name" ||
        die "the user '$name' could not be made."
    home=$(getent passwd "$name" | cut -d: -f6)
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$STATE/keys/$name"
    install -d -m 0700 -o "$name" -g "$name" "$home/.ssh"
    install -m 0600 -o "$name" -g "$name" "$STATE/keys/$name.pub" "$home/.ssh/authorized_keys"
}
