#!/usr/bin/env bats
# What is wrong is refused with clear words, and nothing has changed: lab files, images that change
# or vanish, a full disk, the destruction of what runs.
# shellcheck shell=bash
load lib/common
load lib/interrupt

IMAGE=/var/lib/xworlds/images/tiny
WORLD=/var/lib/xworlds/worlds/firewall/alice

setup_file() {
    make_firewall alice
}

teardown_file() {
    xwadm image add build/images/tiny
    xwadm destroy firewall --all --force --yes
}

# Everything that counts about the compiled labs.
compiled() {
    (cd /var/lib/xworlds/labs && find . -type f ! -name .lock -printf '%p %i %T@ %s %m\n' | sort)
    cat /var/lib/xworlds/labs/*/*
}

setup() {
    DIR=$BATS_TEST_TMPDIR/firewall
    mkdir -p "$DIR"
    FILE=$DIR/lab.yaml
    cp labs/firewall/lab.yaml "$FILE"
    compiled >"$BATS_TEST_TMPDIR/before"
}

unchanged() {
    compiled | cmp - "$BATS_TEST_TMPDIR/before" &&
        [ -z "$(find /var/lib/xworlds/labs /var/lib/xworlds/images -name '.*.new.*')" ]
}

# refused [ERRORS]: apply and check refuse FILE within seconds, in words with file, line and column,
# without a control character; as many errors as said (default 1). They stay in $output.
refused() {
    local verb
    for verb in check apply; do
        run timeout 20 xwadm lab "$verb" "$FILE"
        echo "$output" | head -c 2000
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq "${1:-1}" ]
        [ "$(grep -cE "^$FILE:[0-9]+:[0-9]+: ." <<<"$output")" -eq "${1:-1}" ]
        [[ $output != *[$'\x01'-$'\x09'$'\x0b'-$'\x1f'$'\x7f']* ]]
    done
    unchanged
}

# refused_at TEXT WORDS [BEFORE]: the only error is on the line with TEXT and says WORDS.
refused_at() {
    local line
    line=$(grep -nF -- "$1" "$FILE" | tail -n 1 | cut -d: -f1)
    refused
    [[ $output == "$FILE:$line:"*"$2"* ]]
}

edit() {
    sed -i "$@" "$FILE"
    refute cmp -s "$FILE" labs/firewall/lab.yaml
}

@test "lab file: the control is applied" {
    run xwadm lab check "$FILE"
    [ "$status" -eq 0 ]
    edit 's/^title: .*/title: Another title/'
    run xwadm lab apply "$FILE"
    [ "$status" -eq 0 ]
    grep -q '^title Another title$' /var/lib/xworlds/labs/firewall/access
    refute unchanged
    xwadm lab apply labs/firewall/lab.yaml
}

@test "lab file: an unknown image, group, segment" {
    edit '0,/image: tiny/s/image: tiny/image: tinny/'
    refused_at 'image: tinny' '"tinny" is installed; did you mean "tiny"?'
    cp labs/firewall/lab.yaml "$FILE"
    edit 's/students: .*/students: [nosuchgroup]/'
    refused_at 'students: [nosuchgroup]' 'no group "nosuchgroup"'
    cp labs/firewall/lab.yaml "$FILE"
    edit '0,/segment: inside/s/segment: inside/segment: insied/'
    refused_at 'segment: insied' 'no segment "insied"; did you mean "inside"?'
}

@test "lab file: two machines with one address" {
    edit -e 's|10.2.0.2/24|10.2.0.1/24|' -e '/gateway: 10.2.0.1/d'
    refused_at '10.2.0.1/24' 'that of machine "router" already'
}

@test "lab file: names beyond the grammar" {
    local name
    for name in Web web_1 -web '"we b"' '"../web"' "$(printf 'w%.0s' {1..33})" '"wéb"' '"web:1"' '"web\n"'; do
        cp labs/firewall/lab.yaml "$FILE"
        edit "s|^  web:|  ${name//\\/\\\\}:|"
        refused
        [[ $output == *"is not a name"* ]]
    done
    cp labs/firewall/lab.yaml "$BATS_TEST_TMPDIR/Bad_Name.yaml"
    run xwadm lab apply "$BATS_TEST_TMPDIR/Bad_Name.yaml"
    [ "$status" -eq 1 ]
    [[ $output == *"can't be a lab's name"* ]]
    unchanged
}

@test "lab file: all errors of a file at once, in the order of their lines" {
    edit -e 's/students: .*/students: [nosuchgroup]/' -e 's/image: tiny/image: nosuchimage/' \
        -e '0,/memory: 128/s/memory: 128/memory: lots/' -e 's/gateway: 10.1.0.1/gatway: 10.1.0.1/' \
        -e 's|10.1.0.2/24|10.1.0.300/24|'
    # one group, three images, one memory, one key, one address
    refused 7
    [ "$(cut -d: -f2 <<<"$output")" = "$(cut -d: -f2 <<<"$output" | sort -n)" ]
    [[ $output == *nosuchgroup*nosuchimage*memory*gatway*10.1.0.300* ]]
}

@test "lab file: broken YAML" {
    printf 'title: "unfinished\n' >"$FILE"
    refused
    printf 'xworlds: 1\n  title: x\n' >"$FILE"
    refused
    printf '%s' '{[}]' >"$FILE"
    refused
    printf '\x00\x01\x02\xff\xfe' >"$FILE"
    refused
    : >"$FILE"
    refused
    head -c 4096 /dev/urandom >"$FILE"
    refused
    head -c 4096 /bin/bash >"$FILE"
    refused
}

@test "lab file: cycles and aliases that explode" {
    printf 'xworlds: 1\nmachines: &a [*a, *a]\n' >"$FILE"
    run timeout 20 xwadm lab apply "$FILE"
    [ "$status" -eq 1 ]
    echo "$output"
    [[ $output == *"$FILE:2:"*"anchors (&a) are not allowed"* ]]
    unchanged
    {
        echo 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
        local i
        for ((i = 1; i < 12; i++)); do
            printf 'a%d: &a%d [' "$i" "$i"
            printf '*a%d, ' $((i - 1)){,,,,,,,,}
            printf ']\n'
        done
    } >"$FILE"
    run timeout 20 xwadm lab apply "$FILE"
    [ "$status" -eq 1 ]
    [[ $output == "$FILE:1:"* ]]
    [ "${#lines[@]}" -le 80 ]
    unchanged
}

@test "lab file: depth and size" {
    head -c 100000 /dev/zero | tr '\0' '[' >"$FILE"
    refused
    head -c 100000 /dev/zero | tr '\0' '{' >"$FILE"
    refused
    { printf 'title: '; head -c 200000 /dev/zero | tr '\0' 'x'; } >"$FILE"
    refused_or_too_large
    head -c 104857600 /dev/zero | tr '\0' ' ' >"$FILE"
    refused_or_too_large
}

# One line that names the file.
refused_or_too_large() {
    run timeout 20 xwadm lab apply "$FILE"
    echo "$output" | head -c 2000
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == *"$FILE"* ]]
    [ "${#lines[@]}" -le 10 ]
    unchanged
}

@test "lab file: hostile values" {
    edit 's/^title: .*/title: "a \\e]0;x\\a \\e[2J title"/'
    refused
    cp labs/firewall/lab.yaml "$FILE"
    edit "s/^title: .*/title: 'a\\xe2\\x80\\xaeb'/"
    refused
    cp labs/firewall/lab.yaml "$FILE"
    edit 's/^title: .*/title: !!python\/object:os.system x/'
    refused
    cp labs/firewall/lab.yaml "$FILE"
    edit "0,/image: tiny/s|image: tiny|image: ../../../etc/passwd|"
    refused
    cp labs/firewall/lab.yaml "$FILE"
    edit "s|10.2.0.2/24|\"10.2.0.2/24'/><hostdev/>\"|"
    refused
    cp labs/firewall/lab.yaml "$FILE"
    edit 's/^title: .*/&\ninclude: \/etc\/shadow/'
    refused
    [[ $output == *'no key "include"'* ]]
}

@test "lab file: what is no file" {
    rm "$FILE"
    mkfifo "$FILE"
    refused_or_too_large
    rm "$FILE"
    mkdir "$FILE"
    refused_or_too_large
    rmdir "$FILE"
    refused_or_too_large
    ln -s /dev/zero "$FILE"
    refused_or_too_large
}

# Overlays as they are, to the byte.
overlays() {
    sha256sum "$WORLD"/*.qcow2
}

# image_refused WORDS: start, revert and deploy refuse and say WORDS; xwadm names the worlds.
image_refused() {
    local before
    before=$(overlays)
    run as alice start firewall/web
    [ "$status" -eq 1 ]
    [[ $output == *"$1"* ]]
    run as alice revert firewall/web
    [ "$status" -eq 1 ]
    [[ $output == *"$1"* ]]
    run xwadm deploy firewall --user alice
    [ "$status" -eq 1 ]
    [[ $output == *"$1"*"Worlds that stand on it: firewall/alice"* ]]
    run xwadm deploy firewall --user bob
    [ "$status" -eq 1 ]
    [[ $output == *"firewall/alice"* ]]
    [ ! -e /var/lib/xworlds/worlds/firewall/bob ]
    [ "$(overlays)" = "$before" ]
    [ -z "$(virsh -q -c qemu:///system list --name | grep '^xw:')" ]
}

image_works() {
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    run as alice stop firewall/web --force
    [ "$status" -eq 0 ]
    run as alice revert firewall/web
    [ "$status" -eq 0 ]
    run xwadm deploy firewall --user alice
    [ "$status" -eq 0 ]
}

@test "image: it changes under its overlays: refused, the worlds are named, adding it again repairs" {
    image_works
    local disk
    disk=$IMAGE/$(sed -n 's/^disk //p' "$IMAGE/image.conf")
    printf 'x' >>"$disk"
    image_refused "has changed since it was installed"
    xwadm image add build/images/tiny
    image_works
}

@test "image: same size, other bytes: seen by its time" {
    local kernel
    kernel=$IMAGE/$(sed -n 's/^kernel //p' "$IMAGE/image.conf")
    printf 'x' | dd of="$kernel" bs=1 conv=notrunc status=none
    image_refused "has changed since it was installed"
    xwadm image add build/images/tiny
    image_works
}

@test "image: a file of it vanishes, then all of it" {
    rm "$IMAGE/$(sed -n 's/^disk //p' "$IMAGE/image.conf")"
    image_refused "is gone"
    mv "$IMAGE" "$BATS_TEST_TMPDIR/tiny"
    image_refused 'there is no image "tiny"'
    xwadm image add build/images/tiny
    image_works
}

@test "image: remove is refused while worlds or labs use it, and names them" {
    run xwadm image remove tiny
    [ "$status" -eq 1 ]
    [[ $output == *"worlds stand on the image \"tiny\": firewall/alice"* ]]
    run xwadm image show tiny
    [ "$status" -eq 0 ]
    xwadm image add spare build/images/tiny
    sed 's/image: tiny/image: spare/' labs/firewall/lab.yaml >"$BATS_TEST_TMPDIR/spared.yaml"
    xwadm lab apply "$BATS_TEST_TMPDIR/spared.yaml"
    run xwadm image remove spare
    [ "$status" -eq 1 ]
    [[ $output == *"labs use the image \"spare\": spared"* ]]
    xwadm lab remove spared
    run xwadm image remove spare
    [ "$status" -eq 0 ]
}

# A world takes three overlays of 200 KiB or so; the disk has room for less than two worlds.
@test "deploy: the disk is full: one clear error, nothing half-made; with room the same completes" {
    local one domains
    one=$(du -sk "$WORLD" | cut -f1)
    domains=$(virsh -q -c qemu:///system list --all --name | sort)
    sed 's/^title: .*/title: Full/' labs/firewall/lab.yaml >"$BATS_TEST_TMPDIR/full.yaml"
    xwadm lab apply "$BATS_TEST_TMPDIR/full.yaml"
    mkdir -p /var/lib/xworlds/worlds/full
    mount -t tmpfs -o "size=$((one * 5 / 3))k,mode=0711" full /var/lib/xworlds/worlds/full
    run xwadm deploy full --user alice --user bob --jobs 1
    echo "$output"
    local left
    left=$(find /var/lib/xworlds/worlds/full -mindepth 1 -type d -printf '%f\n')
    mount -o remount,size=64m /var/lib/xworlds/worlds/full
    [ "$status" -eq 1 ]
    [ "$(grep -c '^xwadm: ' <<<"$output")" -eq 1 ]
    [[ $output == *"full/bob: "*"No space left on device; make room on the disk"* ]]
    [[ $output == *"2 worlds: 1 made, 1 failed."* ]]
    [ "$left" = alice ]
    [ "$(virsh -q -c qemu:///system list --all --name | grep -c '^xw:full:alice:')" -eq 3 ]
    [ "$(virsh -q -c qemu:///system list --all --name | grep -v '^xw:full:alice:' | sort)" = "$domains" ]
    refute grep -qs '^lab full$' "/var/lib/xworlds/owners/$(id -u bob)"
    run xwadm deploy full --user alice --user bob
    [ "$status" -eq 0 ]
    [[ $output == *"2 worlds: 1 made, 1 there already."* ]]
    [ "$(find /var/lib/xworlds/worlds/full/bob -name '*.qcow2' | wc -l)" -eq 3 ]
    run as bob start full/web
    [ "$status" -eq 0 ]
    xwadm destroy full --all --force --yes
    umount /var/lib/xworlds/worlds/full
    xwadm lab remove full
}

@test "deploy: no room for libvirt's definitions: said so, nothing half-made" {
    sed 's/^title: .*/title: Full/' labs/firewall/lab.yaml >"$BATS_TEST_TMPDIR/full.yaml"
    xwadm lab apply "$BATS_TEST_TMPDIR/full.yaml"
    mount -t tmpfs -o size=8k full /etc/libvirt/qemu
    run xwadm deploy full --user alice
    echo "$output"
    umount /etc/libvirt/qemu
    [ "$status" -eq 1 ]
    [[ $output == *"No space left on device; make room on the disk"* ]]
    [ ! -e /var/lib/xworlds/worlds/full/alice ]
    [ -z "$(virsh -q -c qemu:///system list --all --name | grep '^xw:full:')" ]
    run xwadm deploy full --user alice
    [ "$status" -eq 0 ]
    xwadm destroy full --all --yes
    xwadm lab remove full
}

running() {
    virsh -q -c qemu:///system list --name | grep -q '^xw:firewall:alice:web$'
}

# on_terminal ANSWER COMMAND...: with a terminal, on which ANSWER is typed at the question.
on_terminal() {
    "$BATS_TEST_DIRNAME/lib/answer" "$@"
}

@test "destroy: what runs is refused without --force, with and without a terminal" {
    as alice start firewall/web
    local before
    before=$(ls -l --time-style=full-iso "$WORLD")
    run xwadm destroy firewall --user alice --yes
    [ "$status" -eq 1 ]
    [[ $output == *"machines run in firewall/alice"*"--force"* ]]
    run on_terminal firewall xwadm destroy firewall --user alice
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"machines run in firewall/alice"*"--force"* ]]
    [[ $output != *"Type the lab"* ]]
    running
    [ "$(ls "$WORLD")" = "$(awk 'NR > 1 { print $NF }' <<<"$before")" ]
}

@test "destroy: asks even with --force: without a terminal refused, on one the lab's name is wanted" {
    as alice start firewall/web
    run xwadm destroy firewall --user alice --force </dev/null
    [ "$status" -eq 1 ]
    [[ $output == *"without a terminal, add --yes"* ]]
    running
    run on_terminal wrong xwadm destroy firewall --user alice --force
    [ "$status" -eq 1 ]
    [[ $output == *"that is not the lab's name"* ]]
    running
    run on_terminal firewall xwadm destroy firewall --user alice --force
    echo "$output"
    [ "$status" -eq 0 ]
    refute running
    [ ! -e "$WORLD" ]
    xwadm deploy firewall --user alice
}

@test "destroy: --force --yes destroys what runs, all of it and nothing else" {
    xwadm deploy firewall --user bob
    as alice start firewall/web
    running
    run xwadm destroy firewall --user alice --force --yes
    [ "$status" -eq 0 ]
    refute running
    [ ! -e "$WORLD" ]
    [ "$(virsh -q -c qemu:///system list --all --name | grep -c '^xw:firewall:alice:')" -eq 0 ]
    [ "$(virsh -q -c qemu:///system list --all --name | grep -c '^xw:firewall:bob:')" -eq 3 ]
    run as alice status firewall
    [ "$status" -eq 3 ]
    run as bob status firewall
    [ "$status" -eq 0 ]
    xwadm deploy firewall --user alice
}
