#!/usr/bin/env bats
# xwsh in each of the ways in which it is called, its commands, output and exit codes, and what sshd
# lets a student do beside it: nothing.
# shellcheck shell=bash
load lib/common

bats_require_minimum_version 1.5.0
load lib/screen

readonly XWSH=/usr/local/bin/xwsh
readonly DROP_IN=/etc/ssh/sshd_config.d/60-xworlds.conf

# local_as USER COMMAND...: as the user, without ssh.
local_as() {
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups "$@"
}

# make_user NAME GROUPS SHELL: with a key for ssh.
make_user() {
    useradd --create-home --shell "$3" --password '*' ${2:+--groups "$2"} "$1"
    give_key "$1" "/home/$1"
}

setup_file() {
    make_firewall alice
    # bash as the shell: xworlds makes ForceCommand apply; without a group there is only bash; a shell
    # of ours without the group is a login shell and nothing else.
    make_user forced xworlds /bin/bash
    make_user plain '' /bin/bash
    make_user shelled '' "$XWSH"
}

teardown_file() {
    remove_person forced plain shelled
    xwadm destroy firewall --user alice --yes --force
}

@test "as login shell, as ForceCommand before bash, with -c, directly: the same version; bash only where nothing of ours is" {
    local expected
    expected=$("$XWSH" version)
    [[ $expected == 'xwsh '*' (protocol 1)' ]]
    [ "$(as alice version)" = "$expected" ]
    [ "$(as shelled version)" = "$expected" ]
    [ "$(as forced version)" = "$expected" ]
    [ "$(local_as alice "$XWSH" -c version)" = "$expected" ]
    [ "$(local_as alice "$XWSH" version)" = "$expected" ]
    # shellcheck disable=SC2016 # the remote shell's
    run as forced 'echo $0'
    [ "$status" -eq 2 ]
    [[ $output == *"unknown command 'echo'"* ]]
    # The control: the same words to the same bash.
    [ "$(as plain 'echo $0')" = bash ]
}

@test "without a terminal and a command: the usage, status 2" {
    run as forced
    [ "$status" -eq 2 ]
    [[ $output == *"start WORLD"* ]]
    run as shelled
    [ "$status" -eq 2 ]
    [[ $output == *"start WORLD"* ]]
}

@test "a user with bash in the Match group gets the menu on a terminal, never bash" {
    open_screen
    type_line 'ssh -F /run/throwaway/ssh_config -t forced@lab; echo "ended $?"'
    see 'No worlds yet'
    refute pgrep -u forced bash
    keys q
    see 'ended 0'
    # The control: sshd gives bash to a user beside the group.
    type_line 'ssh -F /run/throwaway/ssh_config -t plain@lab'
    await pgrep -u plain bash
    close_screen
}

@test "a dumb terminal, and one of no name, get numbers and words: list, start, status, console, revert" {
    run tests/integration/lib/prompt dumb
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
    [[ $output != *$'\e['* ]]
    run tests/integration/lib/prompt -
    echo "$output" | tail -n 20
    [ "$status" -eq 0 ]
}

@test "sets and whole worlds" {
    run as alice start firewall/web,client
    [ "$status" -eq 0 ]
    [ "$output" = $'firewall/client: started\nfirewall/web: started' ]
    [ "$(as alice status firewall | cut -f 1,2)" = $'router\toff\nweb\trunning\nclient\trunning' ]
    [ "$(as alice list | cut -f 1-4)" = $'firewall\talice\t3\t2' ]
    run as alice start firewall
    [ "$status" -eq 0 ]
    [[ $output == *"router: started"*"web: was running already"* ]]
    run as alice stop firewall --force
    [ "$status" -eq 0 ]
    [ "$(as alice list | cut -f 4)" = 0 ]
}

@test "--json is one ASCII line with a schema and snake_case keys, the same when asked again" {
    as alice list --json >"$BATS_TEST_TMPDIR/list"
    as alice list --json | cmp - "$BATS_TEST_TMPDIR/list"
    as alice status firewall --json >"$BATS_TEST_TMPDIR/status"
    as alice start firewall/web --json >"$BATS_TEST_TMPDIR/start"
    as alice stop firewall/web --force --json >"$BATS_TEST_TMPDIR/stop"
    as alice revert firewall/web,client --json >"$BATS_TEST_TMPDIR/revert"
    python3 - "$BATS_TEST_TMPDIR" <<'PYTHON'
import json, re, sys

def load(name):
    with open(f"{sys.argv[1]}/{name}", "rb") as file:
        text = file.read()
    assert text.endswith(b"\n") and text.count(b"\n") == 1 and text.isascii(), name
    return json.loads(text)

def keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)

def result(verb, *machines):
    return {"schema": 1, "verb": verb, "world": "firewall", "results": [
        {"machine": machine, "result": "done", "text": text} for machine, text in machines]}

documents = {name: load(name) for name in ("list", "status", "start", "stop", "revert")}
for document in documents.values():
    assert list(document)[0] == "schema"
    assert all(re.fullmatch("[a-z][a-z_]*", key) for key in keys(document))
assert documents["list"] == {"schema": 1, "worlds": [
    {"world": "firewall", "owner": "alice", "machines": 3, "running": 0,
     "title": "A firewall between two segments", "window": None}]}, documents["list"]
def machine(name, **addresses):
    return {"machine": name, "owner": "alice", "state": "off", "memory": 128 << 20, "graphics": False,
            "addresses": list(addresses.values()),
            "interfaces": [{"segment": s, "address": a} for s, a in addresses.items()]}
assert documents["status"] == {"schema": 1, "world": "firewall", "window": None, "machines": [
    machine("router", outside="10.1.0.1/24", inside="10.2.0.1/24"),
    machine("web", inside="10.2.0.2/24"), machine("client", outside="10.1.0.2/24")],
    "segments": ["outside", "inside"]}, documents["status"]
assert documents["start"] == result("start", ("web", "started")), documents["start"]
assert documents["stop"] == result("stop", ("web", "stopped by force")), documents["stop"]
assert sorted(r["machine"] for r in documents["revert"]["results"]) == ["client", "web"]
PYTHON
}

@test "a failure has a JSON document, too, and its exit code" {
    run --separate-stderr as alice reboot firewall/web --json
    [ "$status" -eq 1 ]
    [ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["results"][0]["result"])' <<<"$output")" = fail ]
}

@test "help lists every command; help COMMAND and COMMAND --help are the same page with examples" {
    local command
    run as alice help
    [ "$status" -eq 0 ]
    for command in list status start stop reboot console recordings revert help version; do
        [[ $output == *"  $command "* ]]
        [ "$(as alice help "$command")" = "$(as alice "$command" --help)" ]
        [[ $(as alice help "$command") == "usage: $command"* ]]
    done
}

@test "a typing mistake gets a suggestion, a far word does not" {
    run as alice strat firewall
    [ "$status" -eq 2 ]
    [[ $output == *"did you mean 'start'?"* ]]
    run as alice help revrt
    [ "$status" -eq 2 ]
    [[ $output == *"did you mean 'revert'?"* ]]
    run as alice emacs
    [ "$status" -eq 2 ]
    [[ $output != *"did you mean"* ]]
    [[ $output == *"help"* ]]
}

# exits CODE COMMAND...: over ssh, as login shell.
exits() {
    local code=$1
    shift
    run as alice "$@"
    [ "$status" -eq "$code" ] || {
        printf '%s: status %s instead of %s: %s\n' "$*" "$status" "$code" "$output"
        return 1
    }
}

@test "exit codes: 0 ok, 1 failed, 2 usage, 3 not found or not allowed, 75 try again" {
    exits 0 list
    exits 1 reboot firewall/web
    exits 1 console firewall/web
    exits 2 ''
    exits 2 list firewall
    exits 2 status
    exits 2 status firewall/web
    exits 2 console firewall
    exits 2 console firewall/web,client
    exits 2 start firewall --yes
    exits 2 start firewall --froce
    exits 2 start firewall extra
    exits 3 status nosuch
    exits 3 start firewall/nosuch
    exits 3 start FIREWALL
    exits 3 revert ../../etc
    exits 3 start firewall/web,web
    tests/throwaway-host service stop keeper
    exits 75 list
    exits 75 start firewall
    tests/throwaway-host service start keeper
    exits 0 list
}

@test "shell metacharacters are characters: nothing but the command is done" {
    local word
    for word in ';' '&' '|' '&&' '>' '<' '`id`' '$(id)' '*' '~' '$HOME' '!!' '\' "'" '"' '%s%n'; do
        run as alice "start firewall$word touch /tmp/shell.proof"
        [ "$status" -eq 2 ] || [ "$status" -eq 3 ]
        [[ $output != *uid=* ]]
        run as forced "list $word touch /tmp/shell.proof"
        [ "$status" -eq 2 ]
        [[ $output != *uid=* ]]
    done
    run as alice 'start firewall; id'
    [ "$status" -eq 2 ]
    [[ $output == usage:* ]]
    run as alice $'list\nid'
    [ "$status" -eq 2 ]
    [[ $output == *"control character"* ]]
    [ ! -e /tmp/shell.proof ]
    [ "$(as alice list | cut -f 4)" = 0 ]
    # The control: where bash is the shell, it does what they say.
    as plain 'true; touch /tmp/shell.proof'
    rm /tmp/shell.proof
}

# Starts web and waits until its acpid listens: there is a login prompt then.
start_web() {
    as alice start firewall/web
    tests/integration/lib/guest alice firewall/web "until pidof acpid; do :; done"
}

@test "stop is a shutdown that the guest takes part in; --force is not" {
    start_web
    tests/integration/lib/guest alice firewall/web "echo written >/root/kept"
    run as alice stop firewall/web
    [ "$status" -eq 0 ]
    [ "$output" = 'firewall/web: stopped' ]
    # Nobody synced: a file that is there was written out by the guest's own shutdown.
    as alice start firewall/web
    run tests/integration/lib/guest alice firewall/web "cat /root/kept"
    [ "$status" -eq 0 ]
    [[ $output == *$'\nwritten'* ]]
    run as alice stop firewall/web --force
    [ "$status" -eq 0 ]
    [ "$output" = 'firewall/web: stopped by force' ]
    as alice revert firewall/web
}

@test "reboot: another boot of the same machine, with and without --force" {
    local domain=xw:firewall:alice:web id boot
    start_web
    id=$(virsh domid "$domain")
    boot=$(boot_of_web)
    run as alice reboot firewall/web
    [ "$status" -eq 0 ]
    [ "$output" = 'firewall/web: is rebooting' ]
    other_boot "$boot"
    boot=$(boot_of_web)
    run as alice reboot firewall/web --force
    [ "$status" -eq 0 ]
    [ "$output" = 'firewall/web: was reset' ]
    other_boot "$boot"
    [ "$(virsh domid "$domain")" = "$id" ]
    as alice stop firewall/web --force
}

boot_of_web() {
    tests/integration/lib/guest alice firewall/web "cat /proc/sys/kernel/random/boot_id" |
        grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
}

# other_boot ID: waits until web is up with another boot id.
other_boot() {
    local i boot
    for ((i = 0; i < 20; i++)); do
        boot=$(boot_of_web) && [ "$boot" != "$1" ] && return
    done
    return 1
}

# forwards USER OPTION...: whether a forwarding of this kind is set up.
forwards() {
    local user=$1
    shift
    timeout 20 ssh -F /run/throwaway/ssh_config -o ExitOnForwardFailure=yes "$@" "$user@lab" version
}

@test "no forwarding: remote ports and sockets are refused, local ones carry nothing, no agent, no X, no tunnel" {
    # With the control on the same line: the user beside the group may.
    refute forwards forced -R 127.0.0.1:7801:127.0.0.1:22
    timeout 20 ssh -F /run/throwaway/ssh_config -o ExitOnForwardFailure=yes -R 127.0.0.1:7801:127.0.0.1:22 plain@lab true
    refute forwards forced -R /tmp/forwarded.sock:127.0.0.1:22
    timeout 20 ssh -F /run/throwaway/ssh_config -o ExitOnForwardFailure=yes -R /tmp/forwarded.sock:127.0.0.1:22 plain@lab true
    rm -f /tmp/forwarded.sock
    run timeout 20 ssh -F /run/throwaway/ssh_config -W 127.0.0.1:22 forced@lab </dev/null
    [ "$status" -ne 0 ]
    [[ $output == *"forwarding failed"* ]]
    run timeout 20 ssh -F /run/throwaway/ssh_config -W 127.0.0.1:22 plain@lab </dev/null
    [[ $output == *SSH-2.0* ]]
}

@test "the agent is not forwarded to a student, and is to others" {
    run sshd -T -C user=forced,host=lab,addr=127.0.0.1
    local option
    for option in 'disableforwarding yes' 'allowagentforwarding no' 'permituserrc no' 'x11forwarding no' \
        'permittunnel no' 'allowtcpforwarding no' 'allowstreamlocalforwarding no'; do
        [[ $'\n'$output$'\n' == *$'\n'"$option"$'\n'* ]]
    done
    run sshd -T -C user=plain,host=lab,addr=127.0.0.1
    [[ $'\n'$output$'\n' == *$'\ndisableforwarding no\n'* ]]
    eval "$(ssh-agent -s 3>&-)" >/dev/null
    ssh -F /run/throwaway/ssh_config -A forced@lab list
    ls -d /tmp/ssh-*/agent.* >"$BATS_TEST_TMPDIR/sockets" 2>/dev/null
    # shellcheck disable=SC2016 # the variable is the remote bash's
    [ -n "$(ssh -F /run/throwaway/ssh_config -A plain@lab 'echo $SSH_AUTH_SOCK')" ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/sockets")" -eq 1 ]
    ssh-agent -k >/dev/null
}

@test "neither ~/.ssh/rc nor ~/.ssh/environment nor dot files of a student take effect" {
    local user file
    for user in forced plain; do
        rm -f "/tmp/rc.$user" "/tmp/dot.$user"
        echo "touch /tmp/rc.$user" >"/home/$user/.ssh/rc"
        echo "XW_PROOF=1" >"/home/$user/.ssh/environment"
        for file in .profile .bash_profile .bashrc .xwshrc .bash_logout; do
            echo "touch /tmp/dot.$user" >"/home/$user/$file"
        done
        chown -R "$user:" "/home/$user"
    done
    as forced version
    as plain true
    [ ! -e /tmp/rc.forced ]
    [ ! -e /tmp/dot.forced ]
    [ -e /tmp/rc.plain ]
    rm -f /tmp/rc.plain /tmp/dot.plain
    [ "$(sshd -T -C user=forced,host=lab,addr=127.0.0.1 | grep -c '^permituserenvironment no$')" -eq 1 ]
}

@test "no subsystem, no file copy" {
    local config=/run/throwaway/ssh_config
    echo content >"$BATS_TEST_TMPDIR/file"
    run timeout 20 sftp -F "$config" -b - forced@lab <<<'ls /'
    [ "$status" -ne 0 ]
    run timeout 20 scp -F "$config" "$BATS_TEST_TMPDIR/file" forced@lab:/tmp/copied
    [ "$status" -ne 0 ]
    run timeout 20 scp -O -F "$config" "$BATS_TEST_TMPDIR/file" forced@lab:/tmp/copied
    [ "$status" -ne 0 ]
    [ ! -e /tmp/copied ]
    # The control.
    timeout 20 sftp -F "$config" -b - plain@lab <<<'ls /'
    timeout 20 scp -O -F "$config" "$BATS_TEST_TMPDIR/file" plain@lab:/tmp/copied
    rm /tmp/copied
}

@test "an installation with a drop-in that sshd refuses fails, and leaves sshd as it was" {
    local share=/usr/local/share/xworlds/60-xworlds.conf
    cp "$DROP_IN" "$BATS_TEST_TMPDIR/before"
    sed 's/PermitTTY yes/PermitTTY perhaps/' "$share" >"$BATS_TEST_TMPDIR/broken"
    cp "$share" "$BATS_TEST_TMPDIR/share"
    cp "$BATS_TEST_TMPDIR/broken" "$share"
    run contrib/install-host
    cp "$BATS_TEST_TMPDIR/share" "$share"
    [ "$status" -eq 1 ]
    [[ $output == *'sshd refused'*'unsupported option "perhaps"'* ]]
    sshd -t
    # An upgrade that fails must not take the protection away that was there.
    cmp "$DROP_IN" "$BATS_TEST_TMPDIR/before"
    run contrib/install-host
    [ "$status" -eq 0 ]
    cmp "$DROP_IN" "$share"
}

@test "a session executes xwhelper and no other program" {
    local trace=$BATS_TEST_TMPDIR/trace
    strace -f -qq -e trace=execve,execveat -o "$trace" setpriv --reuid alice --regid alice --init-groups \
        "$XWSH" -c 'list' || true
    # A setuid program loses its privilege under strace of another, so its refusal is fine here.
    strace -f -qq -e trace=execve,execveat -o "$trace.console" setpriv --reuid alice --regid alice \
        --init-groups "$XWSH" -c 'console firewall/web' || true
    local programs
    programs=$(sed -n 's/.*execve[at]*("\([^"]*\)".*/\1/p' "$trace" "$trace.console" | sort -u)
    [ "$programs" = "$(printf '%s\n' /usr/bin/setpriv "$XWSH" /usr/local/libexec/xworlds/xwhelper | sort)" ] || {
        printf '%s\n' "$programs"
        return 1
    }
}
