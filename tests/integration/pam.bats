#!/usr/bin/env bats
# pam_xworlds.so in real sshd's and login's PAM stacks, as INSTALL and the example put it there.
# shellcheck shell=bash
load lib/common
load lib/logins

readonly CONF=/etc/xworlds/xworlds.conf
readonly NO_LAB="No lab is open to your account yet; ask your instructor to add you to the course's group."
readonly WORLDS=/var/lib/xworlds/worlds/firewall

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    cp -a /etc/pam.d /run/pam.d.before
    cp -a "$CONF" /run/xworlds.conf.before
    # fay becomes a student; gil and hal are students who never logged in; staff isn't ours.
    make_login fay xworlds /usr/local/bin/xwsh
    make_login gil xworlds,cs530 /usr/local/bin/xwsh
    make_login hal xworlds,cs530 /usr/local/bin/xwsh
    make_login ian users /bin/bash
    give_key root /root
    local command
    while IFS= read -r command; do
        bash -c "$command"
    done < <(tests/install-commands Logins)
}

teardown_file() {
    resume
    rm -rf /etc/pam.d
    cp -a /run/pam.d.before /etc/pam.d
    cp -a /run/xworlds.conf.before "$CONF"
    local name
    for name in fay gil hal; do
        xwadm destroy firewall --user "$name" --yes || true
    done
    remove_person fay gil hal ian
    take_key root /root
}

teardown() {
    resume
    cp -a /run/xworlds.conf.before "$CONF"
    tests/throwaway-host service status keeper >/dev/null || tests/throwaway-host service start keeper
}

# resume: whoever a test has stopped goes on.
resume() {
    kill -CONT "$(</run/throwaway/keeper.pid)" "$(</run/throwaway/libvirtd.pid)" 2>/dev/null || true
}

# logged PATTERN: in what has come to syslog since the mark.
logged() {
    tail -c "+$((MARK + 1))" /run/throwaway/log/syslog.log | grep -qE "$1"
}

mark_log() {
    MARK=$(stat -c %s /run/throwaway/log/syslog.log)
}

# T-I1
@test "the module has six functions to be called, no other name, and no state of its own" {
    local module
    module=$(echo /usr/lib/*/security/pam_xworlds.so)
    [ "$(stat -c '%U:%G %a' "$module")" = 'root:root 644' ]
    run bash -c "nm -D --defined-only '$module' | cut -d' ' -f3 | sort | tr '\n' ' '"
    [ "$output" = 'pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok pam_sm_close_session pam_sm_open_session pam_sm_setcred ' ]
    # What is in .data and .bss is the compiler's own, one byte and a pointer.
    run bash -c "objdump -t build/pam_xworlds.so | grep -E ' O \.(data|bss)[[:space:]]' | grep -vE '__dso_handle|completed\.0|__TMC_END__'"
    [ -z "$output" ]
    run bash -c "nm -D --undefined-only '$module'"
    refute grep -E ' (fork|vfork|exec[a-z]*|posix_spawn[a-z]*|system|popen|signal|sigaction|alarm|printf|puts|exit|getpwnam|getgrnam|getenv|setenv|umask|chdir)(@|$)' <<<"$output"
    grep -q ' getgrnam_r' <<<"$output"
    readelf -d "$module" | grep -q 'BIND_NOW'
}

@test "who has no lab is told why, in one sentence; added to the group, she finds the world; removed, she is refused" {
    run with_key fay list
    echo "$output"
    [ "$status" -eq 255 ]
    [[ $output == *"$NO_LAB"* ]]
    [ ! -e "$WORLDS/fay" ]
    gpasswd -a fay cs530
    milliseconds with_key fay list >"$BATS_TEST_TMPDIR/list"
    [ "$(cut -f 1-3 "$BATS_TEST_TMPDIR/list")" = $'firewall\tfay\t3' ]
    local first=$TOOK
    milliseconds with_key fay list >/dev/null
    echo "# first login, with three machines made: $first ms; the next: $TOOK ms" >&3
    gpasswd -d fay cs530
    mark_log
    run with_key fay list
    [ "$status" -eq 255 ]
    [[ $output == *"$NO_LAB"* ]]
    wait_for logged 'pam_xworlds\(sshd:account\): fay: not let in'
}

@test "an instructor gets in, root and staff as ever" {
    run with_key tina list
    echo "$output"
    [ "$status" -eq 0 ]
    [ ! -e "$WORLDS/tina" ]
    run with_key ian id -un
    [ "$output" = ian ]
    run with_key root id -un
    [ "$output" = root ]
}

# T-I4
@test "a broken configuration keeps students out, and neither root nor staff" {
    echo 'no-such-setting = 1' >>"$CONF"
    mark_log
    run with_key gil list
    echo "$output"
    [ "$status" -eq 255 ]
    [[ $output == *"can't check your account just now"* ]]
    wait_for logged 'pam_xworlds\(sshd:account\): /etc/xworlds/xworlds.conf:[0-9]+: "no-such-setting" is not a setting'
    run with_key root id -un
    [ "$output" = root ]
    run with_key ian id -un
    [ "$output" = ian ]
    cp -a /run/xworlds.conf.before "$CONF"
    chmod 0666 "$CONF"
    run with_key gil list
    [ "$status" -eq 255 ]
    run with_key ian id -un
    [ "$output" = ian ]
    cp -a /run/xworlds.conf.before "$CONF"
    run with_key gil list
    [ "$status" -eq 0 ]
}

@test "maintenance: the admin's sentence, from the configuration or the stack" {
    echo 'maintenance = Back on Monday at eight.' >>"$CONF"
    run with_key gil list
    [ "$status" -eq 255 ]
    [[ $output == *'Back on Monday at eight.'* ]]
    run with_key tina list
    [ "$status" -eq 255 ]
    run with_key ian id -un
    [ "$output" = ian ]
    run with_key root id -un
    [ "$output" = root ]
    cp -a /run/xworlds.conf.before "$CONF"
    cp /etc/pam.d/sshd "$BATS_TEST_TMPDIR/sshd"
    sed -i '/^account.*pam_xworlds/s/$/ [maintenance=Moving to a new host.]/' /etc/pam.d/sshd
    run with_key gil list
    cp "$BATS_TEST_TMPDIR/sshd" /etc/pam.d/sshd
    [ "$status" -eq 255 ]
    [[ $output == *'Moving to a new host.'* ]]
    run with_key gil list
    [ "$status" -eq 0 ]
}

# gils STATE: all machines of gil's world have it.
gils() {
    local name
    for name in router web client; do
        [ "$(virsh -q domstate "xw:firewall:gil:$name")" = "$1" ] || return 1
    done
}

# T-L9
@test "with suspend-on-logout, a person's worlds are suspended once nobody has them open any more" {
    xwadm deploy firewall --user gil
    run with_key gil start firewall
    echo "$output"
    [ "$status" -eq 0 ]
    # The control: no such setting.
    wait_for gils running
    with_key gil list >/dev/null
    gils running
    echo 'suspend-on-logout = yes' >>"$CONF"
    # A session with a console, and another one that ends.
    mkfifo "$BATS_TEST_TMPDIR/keys"
    ssh -F /run/throwaway/ssh_config -tt gil@lab console firewall/web \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- &
    local console=$!
    exec 9>"$BATS_TEST_TMPDIR/keys"
    wait_for grep -q Connected "$BATS_TEST_TMPDIR/screen"
    mark_log
    milliseconds with_key gil list >/dev/null
    echo "# a session with a suspension asked for at its end: $TOOK ms" >&3
    wait_for pgrep -x xwkeeper
    # The request waits for gil's processes, up to 15 s; then it leaves the world on.
    request_is_over() { [ "$(pgrep -cx xwkeeper)" -eq 1 ]; }
    wait_for request_is_over
    gils running
    # The last one goes.
    printf '\x1d' >&9
    exec 9>&-
    wait "$console" || true
    wait_for gils 'shut off'
    wait_for request_is_over
    run with_key gil status firewall
    [ "$(cut -f 2 <<<"$output" | sort -u)" = suspended ]
    # In the keeper's trail, with who asked.
    grep -q 'suspend' /run/throwaway/log/keeper.log
    run with_key gil start firewall/web
    [[ $output == *'web: goes on where it was'* ]]
    # That session has ended, too.
    wait_for gils 'shut off'
    wait_for request_is_over
    cp -a /run/xworlds.conf.before "$CONF"
    # A keeper that is gone keeps nobody from leaving.
    echo 'suspend-on-logout = yes' >>"$CONF"
    tests/throwaway-host service stop keeper
    mark_log
    run with_key gil help
    [ "$status" -eq 0 ]
    wait_for logged 'pam_xworlds\(sshd:session\): gil: the worlds stay on after the logout'
    tests/throwaway-host service start keeper
    cp -a /run/xworlds.conf.before "$CONF"
    with_key gil stop firewall --force
}

# T-I6
@test "a keeper that hangs delays a login by its bound and no more, and goes on with the worlds" {
    [ ! -e "$WORLDS/hal" ]
    milliseconds with_key hal help >/dev/null
    local usual=$TOOK
    wait_for test -d "$WORLDS/hal"
    xwadm destroy firewall --user hal --yes
    kill -STOP "$(</run/throwaway/keeper.pid)"
    mark_log
    milliseconds with_key hal help >/dev/null
    echo "# $usual ms; with a keeper that is stopped $TOOK ms" >&3
    ((TOOK >= 2000 && TOOK < 30000))
    wait_for logged "pam_xworlds\(sshd:session\): hal: the keeper hasn't ended after 2 s"
    [ ! -e "$WORLDS/hal" ]
    # login says it, too; sshd doesn't show it where the command is forced.
    stack_for_login
    run local_login hal 'are still being made'
    resume
    echo "$output"
    [[ $output == *'Your worlds are still being made'* ]]
    wait_for test -d "$WORLDS/hal"
}

# T-I6
@test "libvirtd that hangs: the login goes on within its bound, and the world is made later" {
    xwadm destroy firewall --user hal --yes
    kill -STOP "$(</run/throwaway/libvirtd.pid)"
    milliseconds with_key hal help >/dev/null
    echo "# with a libvirtd that is stopped: $TOOK ms" >&3
    ((TOOK >= 2000 && TOOK < 30000))
    resume
    wait_for test -d "$WORLDS/hal"
    run with_key hal list
    [ "$status" -eq 0 ]
    [[ $output == *$'firewall\thal\t3\t'* ]]
}

@test "without a keeper the login goes on; it is logged and said" {
    tests/throwaway-host service stop keeper
    mark_log
    run with_key gil help
    local with_ssh=$status
    stack_for_login
    run local_login gil 'could not all be made'
    echo "$output"
    tests/throwaway-host service start keeper
    [ "$with_ssh" -eq 0 ]
    [[ $output == *'Your worlds could not all be made'* ]]
    wait_for logged "pam_xworlds\(sshd:session\): gil: the worlds could not be made: the keeper isn't running"
}

@test "an option that doesn't exist is an error in the log: students stay out, root and staff get in" {
    cp /etc/pam.d/sshd "$BATS_TEST_TMPDIR/sshd"
    sed -i '/^account.*pam_xworlds/s/$/ maintenence/' /etc/pam.d/sshd
    mark_log
    run with_key gil help
    local gil=$status
    run with_key root id -un
    local root=$output
    run with_key ian id -un
    cp "$BATS_TEST_TMPDIR/sshd" /etc/pam.d/sshd
    [ "$gil" -eq 255 ]
    [ "$root" = root ]
    [ "$output" = ian ]
    wait_for logged 'in the PAM stack: "maintenence" is not an option'
}

@test "a local login: told why, or let in" {
    stack_for_login
    run local_login fay
    local refused=$output
    xwadm destroy firewall --user gil --yes
    run local_login gil
    echo "$refused" "$output"
    [[ $refused == *"$NO_LAB"* ]]
    [[ $output == *'A firewall between two segments'* ]]
    [ -d "$WORLDS/gil" ]
}

# stack_for_login: the lines of INSTALL, in login's stack.
stack_for_login() {
    bash -c "$(tests/install-commands Logins | head -n 1 | sed 's|/etc/pam.d/sshd|/etc/pam.d/login|g')"
    [ "$(grep -c pam_xworlds /etc/pam.d/login)" -eq 2 ]
}

# local_login NAME [TEXT]: at a terminal, until TEXT has come (of the menu, if none is given) or the
# login has ended.
# shellcheck disable=SC2016 # tcl's dollars
local_login() {
    NAME=$1 TEXT=${2-A firewall between two segments} timeout 60 expect -c '
        set timeout 40
        spawn -noecho login $env(NAME)
        expect "assword:" { send "open sesame\r" }
        expect {
            $env(TEXT) { send "q"; close }
            "Login incorrect" { close }
            eof
        }
        wait'
}

@test "uninstalling is refused while a stack names the module; a stack without the module lets everybody in" {
    stack_for_login
    run make uninstall
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *'/etc/pam.d/login names pam_xworlds.so'* ]]
    sed -i /pam_xworlds/d /etc/pam.d/login
    run make uninstall
    [ "$status" -ne 0 ]
    [[ $output == *'/etc/pam.d/sshd names pam_xworlds.so'* ]]
    local module
    module=$(echo /usr/lib/*/security/pam_xworlds.so)
    mv "$module" "$module.away"
    run with_key root id -un
    local root=$output
    run with_key gil help
    mv "$module.away" "$module"
    [ "$root" = root ]
    [ "$status" -eq 0 ]
}
