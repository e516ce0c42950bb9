#!/usr/bin/env bats
# The examples of contrib/pam.d with real sshd, real passwords, keys and one-time codes: each way in
# that is refused stands beside the same one that is not.
# shellcheck shell=bash
load lib/common
load lib/logins

readonly PASSWORD='open sesame'
readonly EXAMPLES=/usr/local/share/doc/xworlds/pam.d
readonly NO_LAB='No lab is open to your account yet'
readonly CODES=/etc/security/users.oath
# A TOTP secret for each (RFC 6238): 20 bytes. bats reads this file in a function.
declare -grA SECRET=([gus]=3132333435363738393031323334353637383930
    [una]=6162636465666768696a6b6c6d6e6f7071727374)

setup_file() {
    xwadm image add build/images/tiny
    xwadm lab apply labs/firewall/lab.yaml
    cp -a /etc/pam.d /run/pam.d.before
    cp -a /etc/security /run/security.before
    cp -a /etc/ssh/sshd_config /run/sshd_config.before
    cp -a /etc/xworlds/xworlds.conf /run/xworlds.conf.before
    # gus is a student, una in no course's group; ida is staff.
    make_login gus xworlds,cs530 /usr/local/bin/xwsh
    make_login una xworlds /usr/local/bin/xwsh
    make_login ida users /bin/bash
    cp -a /etc/shadow /run/shadow.before
    echo "root:$PASSWORD" | chpasswd
    give_key root /root
    # Two questions take keyboard-interactive; root's password shows what a stack does to root.
    sed -i 's/^KbdInteractiveAuthentication no$/KbdInteractiveAuthentication yes\nPermitRootLogin yes/' \
        /etc/ssh/sshd_config
    tests/throwaway-host service restart sshd
}

teardown_file() {
    rm -rf /etc/pam.d /etc/security
    cp -a /run/pam.d.before /etc/pam.d
    cp -a /run/security.before /etc/security
    cp -a /run/sshd_config.before /etc/ssh/sshd_config
    cp -a /run/xworlds.conf.before /etc/xworlds/xworlds.conf
    rm -f /etc/ssh/sshd_config.d/50-code.conf
    tests/throwaway-host service restart sshd
    xwadm destroy firewall --user gus --yes || true
    remove_person gus una ida
    usermod --password "$(awk -F: '$1 == "root" { print $2 }' /run/shadow.before)" root
    take_key root /root
    rm -rf /run/faillock
}

setup() {
    install -m 0644 "$EXAMPLES/sshd-xworlds" /etc/pam.d/sshd
    install -m 0644 "$EXAMPLES"/xworlds-*-code /etc/pam.d
    cp -a /run/security.before/. /etc/security
    cp -a /run/xworlds.conf.before /etc/xworlds/xworlds.conf
    fresh_codes
    forgive
}

# second_factor NAME: this example's auth lines in place of those of sshd-xworlds, as it says itself.
second_factor() {
    sed -i -e "0,/^auth/s/^auth.*/@include $1/" -e '/^auth/d' /etc/pam.d/sshd
    [ "$(grep -c "^@include $1\$" /etc/pam.d/sshd)" -eq 1 ]
}

# fresh_codes: no code has been used yet.
fresh_codes() {
    local name
    for name in "${!SECRET[@]}"; do
        printf 'HOTP/T30/6 %s - %s\n' "$name" "${SECRET[$name]}"
    done >"$CODES"
    chmod 0600 "$CODES"
}

code() {
    oathtool --totp "${SECRET[$1]}"
}

# wrong_code NAME: one that is right neither now nor in a minute, nor was a minute ago.
wrong_code() {
    local guess near
    near=$(oathtool --totp --window 8 --now '2 minutes ago' "${SECRET[$1]}")
    for guess in 000000 111111 222222; do
        [[ $near == *$guess* ]] || break
    done
    echo "$guess"
}

forgive() {
    rm -rf /run/faillock
}

# works WAY...: gus gets in so, and lists his world.
works() {
    run "$@" list
    [[ $status -eq 0 && $output == *$'firewall\tgus\t3\t'* ]] || {
        printf 'refused: %s\n%s\n' "$*" "$output"
        return 1
    }
}

# refused WAY...: nobody gets in so; "output" is what the person is told.
refused() {
    run "$@" list
    [ "$status" -eq 255 ] || {
        printf 'let in: %s\n%s\n' "$*" "$output"
        return 1
    }
}

# others_get_in: root and staff, with a key, and with a password and nothing else.
others_get_in() {
    local name
    for name in root ida; do
        run with_key "$name" id -un
        [ "$output" = "$name" ] || { echo "$name, key: $output" && return 1; }
        run with_answers "$name" "$PASSWORD" '' id -un
        [ "$output" = "$name" ] || { echo "$name, password: $output" && return 1; }
    done
}

# failures NAME: how many wrong answers are counted against a user.
failures() {
    faillock --user "$1" | grep -c ' V$' || true
}

# hours FROM TO: those of pam_time, for minutes from now.
hours() {
    printf 'Al%s-%s' "$(date -d "$1 minutes" +%H%M)" "$(date -d "$2 minutes" +%H%M)"
}

@test "sshd-xworlds: a key or the password; who has no lab is told so by every way in" {
    works with_key gus
    works with_password gus "$PASSWORD"
    works with_answers gus "$PASSWORD" ''
    refused with_password gus "not $PASSWORD"
    refused with_answers gus "not $PASSWORD" ''
    [[ $output != *"$NO_LAB"* ]]
    refused with_key una
    [[ $output == *"$NO_LAB"* ]]
    refused with_password una "$PASSWORD"
    [[ $output == *"$NO_LAB"* ]]
    refused with_answers una "$PASSWORD" ''
    [[ $output == *"$NO_LAB"* ]]
    others_get_in
}

@test "pam_faillock: three wrong passwords lock, a time or the admin unlocks; a key is not a guess" {
    local _
    for _ in 1 2; do
        refused with_password gus wrong
    done
    works with_password gus "$PASSWORD"
    [ "$(failures gus)" -eq 0 ]
    for _ in 1 2 3; do
        refused with_password gus wrong
    done
    [ "$(failures gus)" -eq 3 ]
    refused with_password gus "$PASSWORD"
    refused with_answers gus "$PASSWORD" ''
    works with_key gus
    others_get_in
    faillock --user gus --reset
    works with_password gus "$PASSWORD"
    for _ in 1 2 3; do
        refused with_password gus wrong
    done
    refused with_password gus "$PASSWORD"
    # Ten minutes later, as the file of failures has it: records of 64 bytes, the time at their end.
    perl -0777 -pi -e 's/(.{56})(.{8})/$1 . pack("Q", unpack("Q", $2) - 601)/gse' /run/faillock/gus
    works with_password gus "$PASSWORD"
}

@test "pam_access: who isn't in access.conf is refused, and not told of the lab" {
    printf '%s\n' '+:root ida:ALL' '-:ALL:ALL' >>/etc/security/access.conf
    refused with_key gus
    refused with_password gus "$PASSWORD"
    refused with_answers gus "$PASSWORD" ''
    refused with_key una
    [[ $output != *"$NO_LAB"* ]]
    others_get_in
    sed -i 's/^-:ALL:ALL$/+:(xworlds):ALL\n&/' /etc/security/access.conf
    works with_key gus
    works with_password gus "$PASSWORD"
    refused with_key una
    [[ $output == *"$NO_LAB"* ]]
}

@test "pam_time: refused outside the hours, let in during them" {
    local conf=/etc/security/time.conf
    echo "sshd;*;gus|una;$(hours -10 30)" >>"$conf"
    works with_key gus
    works with_password gus "$PASSWORD"
    cp -a /run/security.before/time.conf "$conf"
    echo "sshd;*;gus|una;$(hours 120 180)" >>"$conf"
    refused with_key gus
    refused with_password gus "$PASSWORD"
    refused with_answers gus "$PASSWORD" ''
    refused with_key una
    [[ $output != *"$NO_LAB"* ]]
    others_get_in
    cp -a /run/security.before/time.conf "$conf"
    echo "sshd;*;gus|una;!$(hours -10 30)" >>"$conf"
    refused with_key gus
    sed -i 's/!Al/Al/' "$conf"
    works with_key gus
}

@test "xworlds-password-code: both are wanted, each code counts once, wrong codes lock" {
    second_factor xworlds-password-code
    works with_answers gus "$PASSWORD" "$(code gus)"
    # The same again: somebody looked over the student's shoulder.
    refused with_answers gus "$PASSWORD" "$(code gus)"
    fresh_codes
    forgive
    refused with_answers gus "$PASSWORD" "$(wrong_code gus)"
    refused with_answers gus wrong "$(code gus)"
    [ "$(failures gus)" -eq 2 ]
    # Another's code is the third wrong answer; after it the right one doesn't count.
    refused with_answers gus "$PASSWORD" "$(code una)"
    refused with_answers gus "$PASSWORD" "$(code gus)"
    forgive
    # Where sshd itself asks, it asks one question only.
    refused with_password gus "$PASSWORD"
    forgive
    works with_answers gus "$PASSWORD" "$(code gus)"
    refused with_answers una "$PASSWORD" "$(code una)"
    [[ $output == *"$NO_LAB"* ]]
    works with_key gus
    others_get_in
}

@test "xworlds-key-code: the key and the code, neither alone" {
    cat >/etc/ssh/sshd_config.d/50-code.conf <<'CONF'
KbdInteractiveAuthentication yes
Match Group xworlds
    AuthenticationMethods publickey,keyboard-interactive:pam
CONF
    tests/throwaway-host service restart sshd
    second_factor xworlds-key-code
    # What the example tells to put there is what has been put there.
    diff <(sed -n 's/^#     \(Kbd.*\|Match.*\|    Auth.*\)$/\1/p' "$EXAMPLES/xworlds-key-code") \
        /etc/ssh/sshd_config.d/50-code.conf
    run sshd -T -C user=gus,host=x,addr=192.0.2.1
    grep -qx 'authenticationmethods publickey,keyboard-interactive:pam' <<<"$output"
    run sshd -T -C user=ida,host=x,addr=192.0.2.1
    grep -qx 'authenticationmethods any' <<<"$output"
    local -a got=()
    run with_key_and_code gus "$(code gus)" list && got+=("both $status")
    fresh_codes
    run with_key_and_code gus "$(wrong_code gus)" list && got+=("wrong code $status")
    got+=("counted $(failures gus)")
    forgive
    run with_key gus list && got+=("key alone $status")
    run with_answers gus "$PASSWORD" "$(code gus)" list && got+=("code alone $status")
    run with_password gus "$PASSWORD" list && got+=("password $status")
    run with_key_and_code gus "$(code gus)" list && got+=("both again $status")
    run with_key_and_code una "$(code una)" list && got+=("no lab $status ${output/*$NO_LAB*/told}")
    run others_get_in && got+=("others $status")
    rm /etc/ssh/sshd_config.d/50-code.conf
    tests/throwaway-host service restart sshd
    printf '%s\n' "${got[@]}"
    diff <(printf '%s\n' "${got[@]}") - <<'END'
both 0
wrong code 255
counted 1
key alone 255
code alone 255
password 255
both again 0
no lab 255 told
others 0
END
}

# T-I4
@test "whatever of the lab is broken, root and staff get in, by each example" {
    local example
    for example in '' xworlds-password-code xworlds-key-code; do
        install -m 0644 "$EXAMPLES/sshd-xworlds" /etc/pam.d/sshd
        [[ -z $example ]] || second_factor "$example"
        # The control: with the code where one is wanted, students get in while nothing is broken.
        fresh_codes
        works with_answers gus "$PASSWORD" "$(code gus)"
        fresh_codes
        echo 'no-such-setting = 1' >>/etc/xworlds/xworlds.conf
        refused with_answers gus "$PASSWORD" "$(code gus)"
        [[ $output == *"can't check your account just now"* ]]
        others_get_in
        mv /var/lib/xworlds/labs /var/lib/xworlds/labs.away
        rm "$CODES"
        refused with_answers gus "$PASSWORD" "$(code gus)"
        run others_get_in
        mv /var/lib/xworlds/labs.away /var/lib/xworlds/labs
        cp -a /run/xworlds.conf.before /etc/xworlds/xworlds.conf
        [ "$status" -eq 0 ]
        forgive
    done
}
