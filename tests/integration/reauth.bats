#!/usr/bin/env bats
# The password that xwsh asks for again, through the real PAM, pam_unix and unix_chkpwd: before commands
# that are named, and at the lock of both menus.
# shellcheck shell=bash
load lib/common

bats_require_minimum_version 1.5.0
load lib/screen
load lib/menu

readonly CONF=/etc/xworlds/xworlds.conf
readonly PASSWORD='open sesame'
readonly XWSH=/usr/local/bin/xwsh
readonly NOT_THE_PASSWORD='that was not your password'

setup_file() {
    make_firewall alice
    cp -a "$CONF" /run/xworlds.conf.before
    local command
    while IFS= read -r command; do
        bash -c "$command"
    done < <(tests/install-commands Passwords)
    grep -qx 'reauthenticate = revert, checkpoint-delete' "$CONF"
    grep -qx 'lock-after = 600' "$CONF"
    cp -a "$CONF" /run/xworlds.conf.installed
    cp -a /etc/pam.d/xwsh /run/pam.xwsh.installed
    groupadd --force keyonly
}

teardown_file() {
    cp -a /run/xworlds.conf.before "$CONF"
    rm -f /etc/pam.d/xwsh
    usermod --password '*' alice
    gpasswd -d alice keyonly || true
    xwadm destroy firewall --user alice --yes --force
}

setup() {
    cp -a /run/xworlds.conf.installed "$CONF"
    cp -a /run/pam.xwsh.installed /etc/pam.d/xwsh
    echo "alice:$PASSWORD" | chpasswd
    ! id -nG alice | grep -qw keyonly || gpasswd -d alice keyonly
    open_seat
    mark_keeper
}

teardown() {
    close_screen
    await nobody_there
}

# configure LINE...: besides what INSTALL has set.
configure() {
    printf '%s\n' "$@" >>"$CONF"
}

mark_keeper() {
    MARK=$(stat -c %s /run/throwaway/log/keeper.log)
}

# asked VERB: whether the keeper has been asked for it since the mark.
asked() {
    tail -c "+$((MARK + 1))" /run/throwaway/log/keeper.log | grep -q "uid [0-9]*: $1 "
}

# unasked VERB...: of nothing but listing.
unasked() {
    local verb
    for verb; do
        refute asked "$verb"
    done
    # The control: the log has what was asked.
    as alice list >/dev/null
    await asked list
}

# ended CODE: the command on the screen.
ended() {
    see "ended $1(\$|[^0-9])"
}

# An empty screen: what stood there isn't taken for what comes.
fresh() {
    type_line clear
    see '^seat\$$'
}

type_password() {
    type_line "${1-$PASSWORD}"
}

@test "a command that is named: a wrong password changes nothing and asks the keeper for nothing, the right one reverts" {
    local before
    before=$(overlay_of web)
    log_in 'revert firewall/web'
    see 'Type web to go on:'
    type_line web
    see $'\nPassword:'
    type_password 'open sesam'
    see "xwsh: $NOT_THE_PASSWORD; nothing was changed"
    ended 77
    must_be_as_before
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
    grep -q 'pam_unix(xwsh:auth): authentication failure; .*user=alice' /run/throwaway/log/syslog.log
    fresh
    log_in 'revert firewall/web'
    see 'Type web to go on:'
    type_line web
    see $'\nPassword:'
    type_password
    see 'firewall/web: is pristine'
    ended 0
    lacks "$PASSWORD"
    [ "$(overlay_of web)" != "$before" ]
    asked revert
}

@test "--yes leaves the name out and not the password; ^C at the question changes nothing" {
    local before
    before=$(overlay_of web)
    log_in 'revert firewall/web --yes'
    see $'(^|\n)Password:'
    keys C-c
    see 'xwsh: interrupted; nothing was changed'
    ended 1
    must_be_as_before
    fresh
    log_in 'revert firewall/web --yes'
    see $'(^|\n)Password:'
    type_password "$PASSWORD "
    ended 77
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
    fresh
    log_in 'revert firewall/web --yes'
    see $'(^|\n)Password:'
    type_password
    see 'firewall/web: is pristine'
    [ "$(overlay_of web)" != "$before" ]
}

@test "without a terminal it is refused with what to do, status 77; what is not named isn't asked about" {
    local before
    before=$(overlay_of web)
    run --separate-stderr as alice revert firewall/web --yes <<<"$PASSWORD"
    [ "$status" -eq 77 ]
    # shellcheck disable=SC2154 # run sets it
    [ "$stderr" = "xwsh: 'revert' asks for your password here, which takes a terminal: ssh -t HOST revert firewall/web" ]
    [ -z "$output" ]
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
    run as alice start firewall/web
    [ "$status" -eq 0 ]
    run as alice stop firewall/web --force
    [ "$status" -eq 0 ]
    # The control: not named, it goes without a terminal as ever.
    configure 'reauthenticate = off'
    run as alice revert firewall/web
    [ "$status" -eq 0 ]
    [ "$(overlay_of web)" != "$before" ]
}

# checkpoints MACHINE: the names of those that it has.
checkpoints() {
    as alice checkpoint list "firewall/$1" --json | jq -r '.checkpoints[].checkpoint' | xargs
}

@test "deleting a checkpoint: after the name the password, wrong or without a terminal it stays, right it goes" {
    as alice checkpoint create firewall/web works
    [ "$(checkpoints web)" = works ]
    log_in 'checkpoint delete firewall/web works'
    see 'Type web to go on:'
    type_line web
    see $'\nPassword:'
    type_password 'open sesam'
    see "xwsh: $NOT_THE_PASSWORD; nothing was changed"
    ended 77
    must_be_as_before
    fresh
    log_in 'checkpoint delete firewall/web works --yes'
    see $'(^|\n)Password:'
    keys C-c
    see 'xwsh: interrupted; nothing was changed'
    ended 1
    run --separate-stderr as alice checkpoint delete firewall/web works --yes <<<"$PASSWORD"
    [ "$status" -eq 77 ]
    [ "$stderr" = "xwsh: 'checkpoint delete' asks for your password here, which takes a terminal: ssh -t HOST checkpoint delete firewall/web works" ]
    # So does going back to one, which is a revert.
    run as alice revert firewall/web works
    [ "$status" -eq 77 ]
    [[ $output == *"ssh -t HOST revert firewall/web works" ]]
    [ "$(checkpoints web)" = works ]
    unasked checkpoint-delete revert
    fresh
    log_in 'checkpoint delete firewall/web works --yes'
    see $'(^|\n)Password:'
    type_password
    see 'firewall/web: has no checkpoint works any more'
    ended 0
    lacks "$PASSWORD"
    [ -z "$(checkpoints web)" ]
    asked checkpoint-delete
    # The control: where it isn't named, it goes without a terminal; a revert is, and doesn't.
    configure 'reauthenticate = revert'
    as alice checkpoint create firewall/web works
    run as alice revert firewall/web works
    [ "$status" -eq 77 ]
    run as alice checkpoint delete firewall/web works
    [ "$status" -eq 0 ]
    [ -z "$(checkpoints web)" ]
}

@test "the menu's page of checkpoints: the password before one is deleted or gone back to, and not before one is made" {
    open_world
    keys p
    see 'No checkpoint yet'
    keys n
    see $'\nName:'
    type_line works
    see 'firewall/router: is saved as works'
    unasked checkpoint-delete revert
    keys d
    see $'Delete the checkpoint works of firewall/router\\?.*\nType router:'
    type_line router
    see $'Your password, to checkpoint delete firewall/router works. Esc: no.[^\n]*\nPassword:'
    type_password 'close sesame'
    see "$NOT_THE_PASSWORD; nothing was changed"
    see $'\n works '
    keys d
    see $'\nType router:'
    type_line router
    see $'\nPassword:'
    screen send-keys -t lab -l 'open'
    keys Escape
    see 'no password was given; nothing was changed'
    keys Enter
    see $'Revert firewall/router to works\\?.*\nType router:'
    type_line router
    see $'Your password, to revert firewall/router works. Esc: no.[^\n]*\nPassword:'
    keys Escape
    see 'no password was given; nothing was changed'
    [ "$(checkpoints router)" = works ]
    unasked checkpoint-delete revert
    keys Enter
    see $'\nType router:'
    type_line router
    see $'\nPassword:'
    type_password
    see 'firewall/router: is as it was at works'
    asked revert
    keys d
    see $'\nType router:'
    type_line router
    see $'\nPassword:'
    type_password
    see 'has no checkpoint works any more'
    see 'No checkpoint yet'
    lacks "$PASSWORD"
    asked checkpoint-delete
}

@test "any command that changes a world or opens a console can be named" {
    configure 'reauthenticate = start, stop console'
    run as alice start firewall/web
    [ "$status" -eq 77 ]
    run as alice stop firewall/web --force
    [ "$status" -eq 77 ]
    run as alice console firewall/web
    [ "$status" -eq 77 ]
    run as alice reboot firewall/web
    [ "$status" -eq 1 ]
    unasked start stop console
    open_world
    keys s
    see $'Your password, to start firewall/router. Esc: no.[^\n]*\nPassword:'
    keys Escape
    see 'no password was given; nothing was changed'
    # Of a machine that is off, the console is asked for behind its start.
    keys Enter
    see 'firewall/router is off. Start it'
    keys Enter
    see 'Your password, to start firewall/router'
    see 'Password:'
    keys Escape
    see 'no password was given; nothing was changed'
    unasked start console
    keys Enter
    see 'firewall/router is off. Start it'
    keys Enter
    see 'Your password, to start firewall/router'
    see 'Password:'
    type_password
    see 'Your password, to console firewall/router'
    asked start
    unasked console
    see 'Password:'
    type_password
    see 'Connected to firewall/router'
    asked console
    keys C-] d
    see $'\n router +running'
    virsh destroy xw:firewall:alice:router
}

@test "the menu: after the name the password; wrong or Esc: nothing is changed; right: it reverts; nothing of it shows" {
    local before
    before=$(overlay_of web)
    open_world
    keys Down v
    see $'\nType web:'
    type_line web
    see $'\nPassword:'
    # An answer that is being checked can't be broken off: guesses would be quicker for it.
    type_password 'close sesame'
    keys Escape
    see "$NOT_THE_PASSWORD; nothing was changed"
    see $'\n router '
    keys v
    see $'\nType web:'
    type_line web
    see $'\nPassword:'
    screen send-keys -t lab -l 'open'
    keys Escape
    see 'no password was given; nothing was changed'
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
    keys v
    see $'\nType web:'
    type_line web
    see $'\nPassword:'
    # Backspace and ^U work on what isn't seen; a paste's marks and arrow keys are no part of it.
    screen send-keys -t lab -l 'nonsense'
    keys C-u
    screen send-keys -t lab -l 'open sesamx'
    keys BSpace Left Up
    lacks 'sesam'
    keys e Enter
    see 'firewall/web: is pristine'
    [ "$(overlay_of web)" != "$before" ]
    keys q
    see 'firewall +0 of 3 run'
    keys q
    must_be_as_before
}

@test "idle, the menu locks: nothing of it stays on the screen, no key acts, a wrong password leaves it locked, the right one unlocks" {
    configure 'lock-after = 8'
    open_world
    see $'(^|\n) ?Locked'
    lacks 'firewall|router|web'
    mark_keeper
    # What would start, revert and leave.
    keys S s q V Down
    see 'Enter unlock  \^C leave'
    keys Enter
    see $'\nPassword:'
    screen send-keys -t lab -l 'SVq'
    keys Enter
    see "$NOT_THE_PASSWORD"
    see $'\nPassword:'
    lacks 'firewall|router'
    # The answer, and behind it in one go what would be keys of the menu.
    screen send-keys -t lab -l "$PASSWORD"$'\r''SVq'
    see $'\n router +off'
    see 'q back'
    unasked start revert
    # The control: the same key, unlocked.
    keys s
    see 'firewall/router: started'
    asked start
    as alice stop firewall/router --force
}

@test "the lock during a question drops it; Esc and a wait at the lock go back to it" {
    local before
    before=$(overlay_of web)
    configure 'lock-after = 8'
    open_world
    keys Down v
    see $'\nType web:'
    see $'(^|\n) ?Locked'
    type_line web
    see 'Password:'
    type_password
    see $'\n web '
    lacks 'Type web|Password'
    keys v
    see $'\nType web:'
    type_line web
    see 'Password:'
    see $'(^|\n) ?Locked'
    keys Enter
    see 'Password:'
    keys Escape
    see 'Enter unlock'
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
}

@test "^C at the lock leaves; so do SIGHUP, SIGTERM and a terminal that is closed; all is as it was" {
    configure 'lock-after = 8'
    open_menu
    see $'(^|\n) ?Locked'
    keys C-c
    ended 0
    must_be_as_before
    local signal
    for signal in HUP TERM; do
        fresh
        open_menu
        see $'(^|\n) ?Locked'
        keys Enter
        see $'\nPassword:'
        kill -s "$signal" "$(pgrep -o -x -u alice xwsh)"
        must_be_as_before
        await nobody_there
    done
    fresh
    log_in 'revert firewall/web --yes'
    see $'(^|\n)Password:'
    kill -s TERM "$(pgrep -o -x -u alice xwsh)"
    must_be_as_before
    fresh
    open_menu
    see $'(^|\n) ?Locked'
    keys Enter
    see $'\nPassword:'
    screen kill-pane -t lab
    await nobody_there
}

@test "xwsh killed outright at the question leaves no process of PAM's" {
    open_world
    keys v
    see $'\nType router:'
    type_line router
    see $'\nPassword:'
    [ "$(pgrep -c -x -u alice xwsh)" -eq 2 ]
    kill -s KILL "$(pgrep -o -x -u alice xwsh)"
    await nobody_there
}

@test "a console isn't locked; the menu behind it is, if no key came for as long" {
    configure 'lock-after = 8'
    as alice start firewall/router
    open_world
    see $'\n router +running'
    keys Enter
    see 'Connected to firewall/router'
    wait_for answers_enter
    keys C-]
    see $'\n router +running'
    lacks Locked
    keys Enter
    see 'Connected to firewall/router'
    await passed 9 "$SECONDS"
    lacks Locked
    wait_for answers_enter
    keys C-]
    # At once: no list is seen before it.
    see $'(^|\n) ?Locked|\n client +off'
    [[ $(picture) == *Locked* ]]
    keys Enter
    see 'Password:'
    type_password
    see $'\n router +running'
    as alice stop firewall/router --force
}

# passed SECONDS SINCE: what is awaited is the time itself.
passed() {
    ((SECONDS - $2 > $1))
}

@test "an account of a no-password group types a word: in the menu, at its lock, before a command, and must have a terminal" {
    local before
    usermod --password '*' alice
    gpasswd -a alice keyonly
    configure 'no-password = keyonly' 'lock-after = 8' 'reauthenticate = revert start'
    before=$(overlay_of web)
    run as alice revert firewall/web
    [ "$status" -eq 77 ]
    log_in 'revert firewall/web --yes'
    see 'Type web to go on:'
    type_line yes
    see 'that was not the word; nothing was changed'
    ended 77
    fresh
    log_in 'revert firewall/web'
    see 'Type web to go on:'
    type_line yes
    see 'Nothing was changed'
    ended 1
    fresh
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
    log_in 'revert firewall/web'
    see 'Type web to go on:'
    type_line web
    see 'firewall/web: is pristine'
    [ "$(overlay_of web)" != "$before" ]
    fresh
    open_world
    keys Down s
    see $'start firewall/web\\? Esc: no.\nType web:'
    type_line wbe
    see 'That was not the name'
    see $'(^|\n) ?Locked'
    keys Enter
    see 'Type alice to go on:'
    type_line alicf
    see 'that was not the word'
    see 'Enter unlock'
    keys Enter
    see 'Type alice to go on:'
    type_line alice
    see $'\n web +off'
    unasked start
}

@test "an account without a password outside of such a group gets no word: no answer is good enough" {
    local before locked
    configure 'no-password = keyonly'
    before=$(overlay_of web)
    for locked in '*' '!' ''; do
        usermod --password "$locked" alice
        fresh
        log_in 'revert firewall/web --yes'
        see $'(^|\n)Password:'
        type_password ''
        ended 77
        lacks 'Type web'
        fresh
        log_in 'revert firewall/web --yes'
        see $'(^|\n)Password:'
        type_password web
        ended 77
    done
    # With one, a wrong password doesn't lead to the word either.
    echo "alice:$PASSWORD" | chpasswd
    fresh
    log_in 'revert firewall/web --yes'
    see $'(^|\n)Password:'
    type_password web
    see "$NOT_THE_PASSWORD"
    ended 77
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
}

@test "the service decides: denied, broken, expired" {
    local before
    before=$(overlay_of web)
    printf 'auth required pam_deny.so\naccount required pam_permit.so\n' >/etc/pam.d/xwsh
    log_in 'revert firewall/web --yes'
    see 'your password could not be checked: Authentication failure'
    ended 77
    printf 'auth required pam_nosuch.so\naccount required pam_permit.so\n' >/etc/pam.d/xwsh
    fresh
    log_in 'revert firewall/web --yes'
    see 'your password could not be checked: Module is unknown'
    ended 77
    cp -a /run/pam.xwsh.installed /etc/pam.d/xwsh
    chage --expiredate 1 alice
    # An account that has expired can't log in anew, so this is a session of before.
    chage --expiredate -1 alice
    fresh
    log_in 'revert firewall/web --yes'
    see $'(^|\n)Password:'
    chage --expiredate 1 alice
    type_password
    see 'your password could not be checked: User account has expired'
    chage --expiredate -1 alice
    ended 77
    [ "$(overlay_of web)" = "$before" ]
    unasked revert
}

@test "a service that asks for nothing proves nothing: a word is wanted, in the menu and at its lock, too" {
    printf 'auth required pam_permit.so\naccount required pam_permit.so\n' >/etc/pam.d/xwsh
    configure 'lock-after = 8' 'reauthenticate = revert start'
    log_in 'revert firewall/web --yes'
    see 'Type web to go on:'
    type_line web
    see 'firewall/web: is pristine'
    fresh
    open_world
    keys Down s
    see $'start firewall/web\\? Esc: no.\nType web:'
    type_line web
    see 'firewall/web: started'
    see $'(^|\n) ?Locked'
    keys Enter
    see 'Type alice to go on:'
    type_line bob
    see 'that was not the word'
    keys Enter
    see 'Type alice to go on:'
    type_line alice
    see $'\n web +running'
    as alice stop firewall/web --force
}

@test "a configuration that can't be used guards everything: no menu, no command that may be named; lists go on" {
    configure 'reauthenticate = rever'
    run as alice revert firewall/web
    [ "$status" -eq 75 ]
    [[ $output == *"tell an administrator: $CONF:"*'"rever" is none'* ]]
    log_in
    see 'configuration can.t be used'
    ended 75
    run as alice list
    [ "$status" -eq 0 ]
}

@test "the numbered menu locks and asks as the other does" {
    configure 'lock-after = 8'
    run tests/integration/lib/locked-prompt "$PASSWORD"
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [[ $output != *"$PASSWORD"* ]]
    asked revert
}

# traced: alice's revert under strace, whose programs it prints; strace is root's, so that those with
# the set-id bits keep their privilege.
traced() {
    fresh
    type_line "strace -f -qq -e trace=execve,execveat -o $1 setpriv --reuid alice --regid alice --init-groups $XWSH -c 'revert firewall/web --yes'; echo \"ended \$?\""
}

# executed FILE PROGRAM...: these and no others.
executed() {
    local trace=$1 programs
    shift
    programs=$(sed -n 's/.*execve[at]*("\([^"]*\)".*/\1/p' "$trace" | xargs -r -n 1 readlink -e | sort -u)
    [ "$programs" = "$(printf '%s\n' "$@" | sort)" ] || {
        printf '%s\n' "$programs"
        return 1
    }
}

@test "a session executes unix_chkpwd where the password is asked for, and nothing else but the gate" {
    local trace=$BATS_TEST_TMPDIR/trace gate=/usr/local/libexec/xworlds/xwhelper
    traced "$trace.wrong"
    see $'(^|\n)Password:'
    type_password wrong
    ended 77
    executed "$trace.wrong" /usr/bin/setpriv "$XWSH" /usr/sbin/unix_chkpwd
    traced "$trace.right"
    see $'(^|\n)Password:'
    type_password
    ended 0
    executed "$trace.right" /usr/bin/setpriv "$XWSH" /usr/sbin/unix_chkpwd "$gate"
    # Switched off: the gate alone.
    configure 'reauthenticate = off'
    traced "$trace.off"
    ended 0
    executed "$trace.off" /usr/bin/setpriv "$XWSH" "$gate"
}

@test "switched off, a menu that nobody touches isn't locked, and PAM isn't asked" {
    rm /etc/pam.d/xwsh
    configure 'reauthenticate = off' 'lock-after = off'
    open_world
    keys v
    see $'\nType router:'
    type_line router
    see 'firewall/router: is pristine'
}
