#!/usr/bin/env bats
# Many students at once, each by an ssh of their own through sshd: 200 with XW_FULL, else 40.
# shellcheck shell=bash
load lib/common

STUDENTS=${XW_FULL:+200}
STUDENTS=${STUDENTS:-40}
readonly STUDENTS

# student NUMBER: prints the name.
student() {
    printf 'many%03d' "$1"
}

# Written into the files themselves: as many calls of useradd would take longer than the test.
make_students() {
    local i name names=() members
    for ((i = 1; i <= STUDENTS; i++)); do
        name=$(student "$i")
        names+=("$name")
        printf '%s:x:%d:%d::/home/%s:/usr/local/bin/xwsh\n' "$name" $((20000 + i)) \
            "$(id -g nobody)" "$name" >>/etc/passwd
        printf '%s:*:19000::::::\n' "$name" >>/etc/shadow
        install -d -m 0700 -o "$name" "/home/$name" "/home/$name/.ssh"
        install -m 0600 -o "$name" "$BATS_FILE_TMPDIR/key.pub" "/home/$name/.ssh/authorized_keys"
    done
    groupadd many
    members=$(IFS=, && echo "${names[*]}")
    gpasswd -M "$members" many >/dev/null
    gpasswd -M "$(getent group xworlds | cut -d: -f4),$members" xworlds >/dev/null
}

setup_file() {
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_FILE_TMPDIR/key"
    make_students
    # As INSTALL says.
    printf 'MaxStartups %d\n' $((STUDENTS + 50)) >/etc/ssh/sshd_config.d/10-many.conf
    tests/throwaway-host service restart sshd
    xwadm image add build/images/tiny
    cat >"$BATS_FILE_TMPDIR/many.yaml" <<'LAB'
xworlds: 1
title: One machine each
access:
  students: [many]
  instructors: [cs530-ta]
segments: [inside]
machines:
  only:
    image: tiny
    interfaces:
      - segment: inside
LAB
    xwadm lab apply "$BATS_FILE_TMPDIR/many.yaml"
    xwadm deploy many --all
}

teardown_file() {
    xwadm destroy many --all --yes
    xwadm lab remove many
    rm /etc/ssh/sshd_config.d/10-many.conf
    tests/throwaway-host service restart sshd
}

# What one that has ended must not leave: its processes, descriptors in the services, locks.
left() {
    local service pid
    pgrep -u "$(seq -s , 20001 $((20000 + STUDENTS)))" || true
    pgrep -x xwhelper || true
    pgrep -P "$(cat /run/throwaway/keeper.pid)" || true
    for service in keeper libvirtd sshd; do
        pid=$(cat "/run/throwaway/$service.pid")
        echo "$service has $(find "/proc/$pid/fd" -mindepth 1 | wc -l) descriptors"
    done
    echo "$(wc -l </proc/locks) locks"
}

as_before() {
    [ "$(left)" = "$(cat "$BATS_FILE_TMPDIR/before")" ]
}

# logs_in NUMBER: leaves what was said and the status in files.
logs_in() {
    local name status=0
    name=$(student "$1")
    ssh -F /run/throwaway/ssh_config -o ConnectTimeout=300 -i "$BATS_FILE_TMPDIR/key" \
        "$name@lab" list >"$BATS_FILE_TMPDIR/said.$1" 2>&1 || status=$?
    echo "$status" >"$BATS_FILE_TMPDIR/status.$1"
}

# T-L3
@test "many students log in at once: each has its list, or is told to try again; nothing is left" {
    local i done=0 again=0 status pids=()
    ssh -F /run/throwaway/ssh_config -i "$BATS_FILE_TMPDIR/key" "$(student 1)@lab" list
    left >"$BATS_FILE_TMPDIR/before"
    for ((i = 1; i <= STUDENTS; i++)); do
        logs_in "$i" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    for ((i = 1; i <= STUDENTS; i++)); do
        status=$(cat "$BATS_FILE_TMPDIR/status.$i")
        cat "$BATS_FILE_TMPDIR/said.$i"
        case $status in
            0)
                done=$((done + 1))
                [ "$(cut -f 1,2 "$BATS_FILE_TMPDIR/said.$i")" = "many	$(student "$i")" ]
                ;;
            75) again=$((again + 1)) ;;
            *) echo "$(student "$i"): $status" && return 1 ;;
        esac
    done
    echo "# $done of $STUDENTS answered, $again told to try again" >&3
    [ "$done" -gt 0 ]
    [ "$((done + again))" -eq "$STUDENTS" ]
    wait_for as_before || { left && cat "$BATS_FILE_TMPDIR/before" && return 1; }
}
