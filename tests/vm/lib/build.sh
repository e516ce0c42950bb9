# shellcheck shell=bash
# Builds the disk of a virtual machine from Debian's packages. It is kept below the cache directory,
# under a key made of everything that goes in: the recipe, this file, the packages' names and the
# package sources of this machine.

# Where the machine's network card is: the kernel names it after its place on the bus.
readonly VM_INTERFACE=enp0s2
readonly VM_ADDRESS=10.0.2.15

# use_recipe NAME: reads the recipe.
use_recipe() {
    local file=$VM_TOOL_DIR/recipes/$1.sh
    [[ $1 =~ ^[a-z0-9-]+$ && -f $file ]] || die "there is no recipe '$1' in $VM_TOOL_DIR/recipes."
    RECIPE=$1
    # shellcheck source=tests/vm/recipes/debian.sh
    source "$file"
}

# This machine's package sources, as far as they are Debian's, as lines of sources.list(5).
debian_sources() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # shellcheck disable=SC2016 # apt's dollars
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n "s|^Debian \([^ ]* ${RECIPE_SUITE}[^ ]* [^ ]*\)\$|deb [signed-by=$keyring] \1|p" | sort -u
}

# Sets VM_BASE, the directory that holds disk.raw, vmlinuz, initrd.img and the key pair.
find_base() {
    local sources key
    cd -- "$REPOSITORY" || exit
    sources=$(debian_sources)
    if [[ -z $sources ]]; then
        # The lists that apt would take the answer from were not fetched yet.
        apt-get -qq update
        sources=$(debian_sources)
    fi
    [[ -n $sources ]] || die "this machine's apt knows no source of Debian's $RECIPE_SUITE."
    VM_SOURCES=$sources
    key=$({
        cat "$VM_TOOL_DIR/recipes/$RECIPE.sh" "$VM_TOOL_DIR/lib/build.sh"
        recipe_packages
        printf '%s\n' "$sources"
    } | sha256sum)
    VM_BASE=$VM_CACHE/$RECIPE-${key:0:16}
}

# Builds the disk unless it is there. Two builders wait for each other.
ensure_base() {
    find_base
    if [[ -e $VM_BASE/complete ]]; then
        touch -c "$VM_BASE/complete"
        return
    fi
    require_build_tools
    mkdir -p -- "$VM_CACHE"
    exec {VM_LOCK}>"$VM_CACHE/lock"
    flock "$VM_LOCK"
    if [[ ! -e $VM_BASE/complete ]]; then
        rm -rf -- "$VM_BASE" # half-made, if anything
        remove_old_bases
        build_base
    fi
    exec {VM_LOCK}>&-
}

require_build_tools() {
    local tool
    ((EUID == 0)) || die "only root can build the disk of a machine."
    for tool in mmdebstrap mke2fs ssh-keygen flock; do
        command -v "$tool" >/dev/null || die "$tool is missing; 'make deps' installs it."
    done
}

# What nobody has used for a week. Another source tree may be using another one right now.
remove_old_bases() {
    local base
    for base in "$VM_CACHE/$RECIPE"-*; do
        [[ ! -d $base || -n $(find "$base" -maxdepth 1 -name complete -mtime -7) ]] || rm -rf -- "$base"
    done
}

build_base() {
    local root=$VM_BASE/root packages
    mkdir -p -- "$VM_BASE"
    packages=$(recipe_packages | sort -u | paste -sd,)
    say "installing $RECIPE_SUITE with $(tr ',' '\n' <<<"$packages" | wc -l) packages and what they need"
    mmdebstrap --quiet --mode=root --variant="$RECIPE_VARIANT" --format=directory \
        --include="$packages" "$RECIPE_SUITE" "$root" - <<<"$VM_SOURCES" 2>"$VM_BASE/mmdebstrap.log" || {
        tail -n 20 "$VM_BASE/mmdebstrap.log" >&2
        die "the packages could not be installed; above is the end of $VM_BASE/mmdebstrap.log."
    }
    say "customizing"
    ssh-keygen -q -t ed25519 -N '' -C tests/vm -f "$VM_BASE/key"
    answer_the_installer "$root"
    recipe_customize "$root"
    say "making the disk"
    cp -L -- "$root/vmlinuz" "$root/initrd.img" "$VM_BASE/"
    ssh_known_host "$root" >"$VM_BASE/known_hosts"
    truncate -s "$RECIPE_DISK" "$VM_BASE/disk.raw"
    mke2fs -q -F -t ext4 -L root -d "$root" "$VM_BASE/disk.raw"
    rm -rf -- "$root"
    : >"$VM_BASE/complete"
}

# What Debian's installer would ask for or find out: names, the disk, the network, root's key.
answer_the_installer() {
    local root=$1
    echo lab >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 lab.example.edu lab\n::1 localhost ip6-localhost\n' \
        >"$root/etc/hosts"
    echo 'LABEL=root / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
    printf '%s\n' 'auto lo' 'iface lo inet loopback' "auto $VM_INTERFACE" \
        "iface $VM_INTERFACE inet static" "    address $VM_ADDRESS/24" >"$root/etc/network/interfaces"
    install -d -m 0700 "$root/root/.ssh"
    install -m 0600 "$VM_BASE/key.pub" "$root/root/.ssh/authorized_keys"
}

# ssh_known_host ROOT: the line of known_hosts(5) for the key that sshd's package made.
ssh_known_host() {
    printf 'vm %s\n' "$(cut -d' ' -f1,2 "$1/etc/ssh/ssh_host_ed25519_key.pub")"
}
