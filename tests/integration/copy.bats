#!/usr/bin/env bats
# Files to and from a machine, over real ssh and a channel of the machine's own (T-H11).
# shellcheck shell=bash disable=SC2016,SC2030,SC2031 # the guest expands; each test has its own PIDS
load lib/common

readonly CONSOLES=/run/xworlds/console

setup_file() {
    xwadm image add build/images/tiny
    copy_lab firewall 'copy-limit: 2'
    xwadm deploy firewall --user alice --user bob
    as alice start firewall/web --wait
    # Every byte value, and no length that a frame or a block divides.
    head -c 1500001 /dev/urandom >"$BATS_FILE_TMPDIR/binary"
    printf '%b' "$(printf '\\x%02x' {0..255})" >>"$BATS_FILE_TMPDIR/binary"
}

teardown_file() {
    xwadm destroy firewall --user alice --user bob --yes --force
    xwadm lab apply labs/firewall/lab.yaml
}

setup() {
    PIDS=()
}

teardown() {
    end_processes "${PIDS[@]}"
    wait_for no_relay
}

# copy_lab NAME LINE...: the firewall lab with these lines of its own.
copy_lab() {
    local lab=$1
    shift
    mkdir -p "$BATS_FILE_TMPDIR/labs"
    { cat labs/firewall/lab.yaml && printf '%s\n' "$@"; } >"$BATS_FILE_TMPDIR/labs/$lab.yaml"
    xwadm lab apply "$BATS_FILE_TMPDIR/labs/$lab.yaml"
}

# guest COMMAND...: in alice's web, as root.
guest() {
    tests/integration/lib/guest alice firewall/web "$@"
}

@test "a file goes into a machine and comes out the same, every byte of it" {
    local start=$EPOCHREALTIME
    run as alice copy - firewall/web:/root/binary <"$BATS_FILE_TMPDIR/binary"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "firewall/web: 1500257 bytes written to /root/binary" ]
    as alice copy firewall/web:/root/binary >"$BATS_TEST_TMPDIR/back"
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "# 1.5 MB in and out: %.1f s\n", b - a }' >&3
    cmp "$BATS_FILE_TMPDIR/binary" "$BATS_TEST_TMPDIR/back"
    [[ $(guest 'sha256sum /root/binary; ls -la /root') == *"$(sha256sum <"$BATS_FILE_TMPDIR/binary" | cut -d' ' -f1)"* ]]
}

# said COMMAND...: what the guest shows, without carriage returns.
said() {
    guest "$@" | tr -d '\r'
}

@test "a tree comes out, and goes in, with its links; what would reach out of the directory is left out" {
    local out=$BATS_TEST_TMPDIR/out
    guest 'mkdir -p /srv/tree/sub && cp /bin/busybox /srv/tree/sub/ && ln -s sub/busybox /srv/tree/link && chmod 700 /srv/tree/sub'
    mkdir "$out"
    as alice copy --tar firewall/web:/srv/tree | tar -xf - -C "$out"
    [ "$(readlink "$out/tree/link")" = sub/busybox ]
    [ "$(stat -c %a "$out/tree/sub")" = 700 ]
    [[ $(said 'sha256sum /bin/busybox') == *"$(sha256sum <"$out/tree/sub/busybox" | cut -d' ' -f1)"* ]]
    mkdir -p "$BATS_TEST_TMPDIR/site/pages"
    cp "$BATS_FILE_TMPDIR/binary" "$BATS_TEST_TMPDIR/site/pages/one"
    chown -R alice "$BATS_TEST_TMPDIR/site"
    run as alice copy - firewall/web:/srv --tar < <(tar -cf - -C "$BATS_TEST_TMPDIR" site)
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == "firewall/web: "*" bytes unpacked below /srv" ]]
    [[ $(said 'sha256sum /srv/site/pages/one; stat -c "%U owns" /srv/site/pages/one') == *"$(sha256sum <"$BATS_FILE_TMPDIR/binary" | cut -d' ' -f1)"*"root owns"* ]]
    # The same tree with what leads out of it.
    guest 'ln -s /etc/shadow /srv/tree/root; ln -s ../.. /srv/tree/up; mkfifo /srv/tree/fifo; mknod /srv/tree/null c 1 3'
    rm -r "$out/tree"
    run bash -c 'ssh -F /run/throwaway/ssh_config alice@lab copy --tar firewall/web:/srv/tree 2>"$1.err" | tar -xf - -C "$1"; exit "${PIPESTATUS[0]}"' - "$out"
    cat "$out.err"
    [ "$status" -eq 1 ]
    grep -qF 'left out: tree/root: a link that may lead out of the directory' "$out.err"
    grep -qF 'left out of 4 entries' "$out.err"
    [ -L "$out/tree/link" ]
    [ ! -L "$out/tree/root" ]
    [ ! -e "$out/tree/fifo" ]
    [ "$(find "$out/tree" | wc -l)" -eq 4 ]
}

@test "the lab's limit holds in both directions, at the byte; less than that still goes" {
    head -c 2097153 /dev/zero >"$BATS_TEST_TMPDIR/more"
    run as alice copy - firewall/web:/root/limit < <(head -c 2097152 /dev/zero)
    [ "$status" -eq 0 ]
    run as alice copy - firewall/web:/root/limit <"$BATS_TEST_TMPDIR/more"
    echo "$output"
    [ "$status" -eq 4 ]
    [ "$output" = "xwsh: more than the 2 MiB that this lab lets be copied at a time" ]
    as alice copy firewall/web:/root/limit >"$BATS_TEST_TMPDIR/same"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/same")" -eq 2097152 ]
    guest 'echo -n x >>/root/limit' 'ls /root'
    run bash -c 'ssh -F /run/throwaway/ssh_config alice@lab copy firewall/web:/root/limit 2>&1 >/dev/null'
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *'more than the 2 MiB'* ]]
    # What was written aside for the one that was too large is gone.
    [[ $(said 'echo $(ls /root/limit* | wc -l) file') == *'1 file'* ]]
}

# begin_put FILE: a copy into /root/FILE that has sent some of it, and waits for more.
begin_put() {
    mkfifo "$BATS_TEST_TMPDIR/$1"
    ssh -F /run/throwaway/ssh_config alice@lab copy - "firewall/web:/root/$1" \
        <"$BATS_TEST_TMPDIR/$1" >"$BATS_TEST_TMPDIR/$1.out" 2>&1 3>&- &
    PUT=$!
    PIDS+=("$PUT")
    exec {INTO}>"$BATS_TEST_TMPDIR/$1"
    head -c 50000 /dev/urandom >&"$INTO"
    wait_for is_written "$1"
}

is_written() {
    [[ $(said "ls /root/$1.?????? && echo is aside") == *'is aside'* ]]
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

@test "one copy at a time; one that is broken off leaves nothing, and the next one works" {
    guest 'echo before >/root/put'
    begin_put put
    run as alice copy firewall/web:/etc/hostname
    echo "$output"
    [ "$status" -eq 75 ]
    [[ $output == *'something is being copied to or from web already'* ]]
    # Another machine is another matter.
    run as alice copy firewall/client:/etc/hostname
    [[ $output == *'client is off'* ]]
    kill -KILL "$PUT"
    wait_for no_relay
    run as alice copy firewall/web:/root/put
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = before ]
    [[ $(said 'echo $(ls /root/put* | wc -l) file') == *'1 file'* ]]
    exec {INTO}>&-
    # Out of the machine: who reads it has gone.
    as alice copy firewall/web:/root/binary | head -c 1000 >/dev/null
    wait_for no_relay
    for _ in 1 2 3; do
        as alice copy firewall/web:/root/binary 2>/dev/null | head -c 1000 >/dev/null || true
        as alice copy firewall/web:/root/binary >"$BATS_TEST_TMPDIR/back"
        cmp "$BATS_FILE_TMPDIR/binary" "$BATS_TEST_TMPDIR/back"
    done
    wait_for no_relay
    # What is at the channel's lock is the relay, and it has gone with it.
    refute pgrep -u alice -x xwsh
}

@test "a machine of somebody else's is not there; who instructs the lab names its owner" {
    run as bob copy firewall:alice/web:/etc/hostname
    echo "$output"
    [ "$status" -eq 3 ]
    [ "$output" = "xwsh: not found or not allowed" ]
    run as bob copy firewall/nowhere:/etc/hostname
    [ "$status" -eq 3 ]
    run as tina copy firewall:alice/web:/etc/hostname
    [ "$status" -eq 0 ]
    [ "$output" = web ]
    run as bob copy - firewall:alice/web:/root/bob </etc/hostname
    [ "$status" -eq 3 ]
    refute as alice copy firewall/web:/root/bob
}

@test "what can't be copied is said in one sentence" {
    local before
    run as alice copy firewall/client:/etc/hostname
    [ "$status" -eq 1 ]
    [ "$output" = "xwsh: client is off; start it first" ]
    run as alice copy firewall/web:/no/such
    [ "$status" -eq 1 ]
    [ "$output" = "xwsh: firewall/web: /no/such: No such file or directory" ]
    run as alice copy firewall/web:/etc
    [ "$status" -eq 1 ]
    [[ $output == *"/etc: is a directory; --tar copies it with what is in it" ]]
    run as alice copy - firewall/web:/root </etc/hostname
    [ "$status" -eq 1 ]
    [[ $output == *"/root: is a directory; say which file in it" ]]
    run as alice copy - firewall/web:/no/such --tar < <(tar -cf - -C labs firewall)
    [ "$status" -eq 1 ]
    [[ $output == *"/no/such: No such file or directory" ]]
    run as alice copy - firewall/web:/srv --tar <"$BATS_FILE_TMPDIR/binary"
    [ "$status" -eq 1 ]
    [[ $output == "xwsh: firewall/web: tar: "* ]]
    guest 'mount -t tmpfs -o size=100k none /mnt'
    run as alice copy - firewall/web:/mnt/binary <"$BATS_FILE_TMPDIR/binary"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"/mnt/binary: No space left on device" ]]
    [[ $(said 'echo $(ls /mnt | wc -l) there; umount /mnt') == *'0 there'* ]]
    # A guest's bytes are for no terminal, and none has a file to give.
    run ssh -tt -F /run/throwaway/ssh_config alice@lab copy firewall/web:/etc/hostname </dev/null
    [ "$status" -eq 2 ]
    [[ $output == *'not written to a terminal'* ]]
    for before in 'firewall/web' 'firewall/web:etc' '-' '- -' 'firewall/web:/a firewall/web:/b' '- firewall/web:/a --json'; do
        # shellcheck disable=SC2086 # words
        run as alice copy $before </dev/null
        echo "$before: $output"
        [ "$status" -eq 2 ]
    done
}

@test "who is at the other end of the channel instead of the lab's program gains nothing" {
    local port='/dev/$(basename $(dirname $(grep -lx org.xworlds.copy.0 /sys/class/virtio-ports/*/name)))'
    # A tar that makes what it likes.
    mkdir "$BATS_TEST_TMPDIR/evil"
    echo harm >"$BATS_TEST_TMPDIR/evil/file"
    (cd "$BATS_TEST_TMPDIR/evil" && tar -Pcf - --transform 's|^file|../../outside|' file) >"$BATS_TEST_TMPDIR/evil.tar"
    as alice copy - firewall/web:/root/evil.tar <"$BATS_TEST_TMPDIR/evil.tar"
    as alice copy - firewall/web:/root/tar < <(printf '%s\n' '#!/bin/sh' 'cat /root/evil.tar')
    guest 'rm /bin/tar; cp /root/tar /bin/tar; chmod 755 /bin/tar'
    run bash -c 'ssh -F /run/throwaway/ssh_config alice@lab copy --tar firewall/web:/srv 2>"$1.err" | tar -tf -; exit "${PIPESTATUS[0]}"' - "$BATS_TEST_TMPDIR/evil"
    cat "$BATS_TEST_TMPDIR/evil.err"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    grep -qF 'left out: ../../outside: its name leads out of the directory' "$BATS_TEST_TMPDIR/evil.err"
    guest 'rm /bin/tar; ln -s busybox /bin/tar'
    # Nobody; then somebody who says what is no frame, and one who says nothing, for ever.
    guest "sed -i /xwcopyd/d /etc/inittab; kill -HUP 1; killall xwcopyd"
    run as alice copy firewall/web:/etc/hostname
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'firewall/web does not answer: wait until it has booted'* ]]
    guest "(cat /dev/urandom >$port; true) 2>/dev/null &"
    run bash -c 'ssh -F /run/throwaway/ssh_config alice@lab copy firewall/web:/etc/hostname 2>&1 >/dev/null'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'answers something else than what copies files'* ]]
    guest "killall cat; (cat /dev/zero >$port; true) 2>/dev/null &"
    run bash -c 'ssh -F /run/throwaway/ssh_config alice@lab copy firewall/web:/etc/hostname 2>&1 >/dev/null'
    echo "$output"
    [ "$status" -eq 4 ]
    [[ $output == *'more than the 2 MiB'* ]]
    wait_for no_relay
    # The control: with its own program again, it works.
    guest 'killall cat; echo ::respawn:/usr/sbin/xwcopyd >>/etc/inittab; kill -HUP 1; sync'
    [ "$(as alice copy firewall/web:/etc/hostname)" = web ]
}

@test "a lab can have it off: refused at once, and without a channel from the next start" {
    virsh -q -c qemu:///system dumpxml xw:firewall:alice:web | grep -qF org.xworlds.copy.0
    copy_lab firewall 'copy-limit: off'
    [[ $(xwadm lab show firewall) == *'Copying:      off'* ]]
    run as alice copy firewall/web:/etc/hostname
    echo "$output"
    [ "$status" -eq 4 ]
    [ "$output" = "xwsh: this lab lets no files be copied" ]
    as alice stop firewall/web --force
    as alice start firewall/web
    refute grep -qF org.xworlds.copy.0 < <(virsh -q -c qemu:///system dumpxml xw:firewall:alice:web)
    copy_lab firewall 'copy-limit: 2'
    run as alice copy firewall/web:/etc/hostname
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$output" = "xwsh: web was started before this lab let files be copied; stop it and start it again" ]
    as alice stop firewall/web --force
    as alice start firewall/web --wait
    [ "$(as alice copy firewall/web:/etc/hostname)" = web ]
}

@test "a copy has an entry at each end, with its direction" {
    tests/throwaway-host service start journald
    as alice copy firewall/web:/etc/hostname
    wait_for has_entries copy-from open
    wait_for has_entries copy-from close
    as alice copy - firewall/web:/root/name </etc/hostname
    wait_for has_entries copy-to close
    tests/throwaway-host service stop journald
}

# has_entries VERB PHASE
has_entries() {
    [ "$(journalctl -q --no-pager -o json _TRANSPORT=journal SYSLOG_IDENTIFIER=xwkeeper \
        XWORLDS_OP="$1" XWORLDS_PHASE="$2" XWORLDS_OWNER=alice XWORLDS_MACHINES=web | wc -l)" -eq 1 ]
}

@test "where a console asks for the password, nothing is copied without one" {
    local conf=/etc/xworlds/xworlds.conf
    cp -a "$conf" "$BATS_TEST_TMPDIR/conf"
    echo 'reauthenticate = console' >>"$conf"
    run as alice copy firewall/web:/etc/hostname
    cp -a "$BATS_TEST_TMPDIR/conf" "$conf"
    echo "$output"
    [ "$status" -eq 77 ]
    [[ $output == *'a copy has no terminal to ask on'* ]]
    [ "$(as alice copy firewall/web:/etc/hostname)" = web ]
}
