# shellcheck shell=bash
# shellcheck disable=SC2034 # read by lib/build.sh
# Debian 12 as its installer leaves a server, with what INSTALL's step 1 would install. The machine
# has no network, so those packages are on the disk from the start: contrib/deps, run from INSTALL,
# finds nothing missing.

RECIPE_SUITE=bookworm
RECIPE_VARIANT=important
RECIPE_DISK=6G

# What a Debian server has besides the packages of priority "important": its kernel, the security
# module that Debian enables by default, logins that logind knows, sshd, and the audit daemon.
RECIPE_PACKAGES=(
    linux-image-cloud-amd64 apparmor apparmor-utils dbus libpam-systemd openssh-server sudo auditd ca-certificates
    git make man-db
)

# Kernel parameters besides those for the disk and the serial console.
RECIPE_CMDLINE=()

# recipe_packages: prints the whole list.
recipe_packages() {
    printf '%s\n' "${RECIPE_PACKAGES[@]}"
    contrib/deps --list --for host
}

# recipe_customize ROOT: what the installer would have asked, in the new root.
recipe_customize() {
    :
}
