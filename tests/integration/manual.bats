#!/usr/bin/env bats
# The manual says what the programs say: every program and file has its page, every command, option
# and setting is in it, and pages refer to pages that exist.
# shellcheck shell=bash

readonly PAGES=/usr/local/share/man

# page NAME SECTION: its text as it is read, without formatting.
page() {
    mandoc -T ascii "$PAGES/man$2/$1.$2" | col -bx
}

# has_line PAGE-TEXT PATTERN
has_word() {
    grep -qF -- "$2" <<<"$1"
}

@test "mandoc has nothing to say about any page" {
    run mandoc -T lint -W warning "$PAGES"/man*/xw*
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "every installed program and file has its page" {
    local path name found=0
    for path in /usr/local/bin/xw* /usr/local/sbin/xw* /usr/local/libexec/xworlds/*; do
        [ -e "$path" ]
        name=${path##*/}
        compgen -G "$PAGES/man[18]/$name.[18]" || { echo "no page: $name"; false; }
        found=$((found + 1))
    done
    [ "$found" -ge 5 ]
    for name in pam_xworlds.8 xworlds.conf.5 xworlds-lab.5 xworlds-image.5 xworlds.7; do
        [ -s "$PAGES/man${name##*.}/$name" ]
    done
    # Everything in /etc/xworlds is named in the overview.
    local overview
    overview=$(page xworlds 7)
    for path in /etc/xworlds/*; do
        has_word "$overview" "$path" || { echo "not in xworlds(7): $path"; false; }
    done
}

@test "every setting is in xworlds.conf(5), with its default and bounds" {
    local text settings setting
    text=$(page xworlds.conf 5)
    settings=$(sed -nE 's/^ *\{"([a-z-]+)", &config->.*/\1/p; s/.*strcmp\(key, "([a-z-]+)"\).*/\1/p' \
        common/config.c)
    [ "$(wc -l <<<"$settings")" -ge 4 ]
    for setting in $settings; do
        has_word "$text" "$setting" || { echo "missing: $setting"; false; }
    done
    # The file that is installed shows each one with its default.
    for setting in $settings; do
        grep -q "^#$setting = " contrib/xworlds.conf
    done
    local bounds
    while read -r setting bounds; do
        [[ $(tr -s ' \n' ' ' <<<"$text") == *"$setting = "*"from ${bounds/,/ to}"* ]] ||
            { echo "$setting: bounds are not $bounds"; false; }
    done < <(sed -nE 's/^ *\{"([a-z-]+)", &config->[a-z_]+, ([0-9]+, [0-9]+)\},/\1 \2/p' \
        common/config.c)
}

@test "every command and option of xwadm is in xwadm(8)" {
    local text command option count=0
    text=$(page xwadm 8)
    while IFS= read -r command; do
        has_word "$text" "$command" || { echo "missing: $command"; false; }
        # shellcheck disable=SC2086 # a command is one word or two
        while IFS= read -r option; do
            has_word "$text" "$option" || { echo "missing: $command $option"; false; }
            count=$((count + 1))
        done < <(xwadm $command --help | grep -oE -- '(^|[ [(])--[a-z]+' | grep -oE -- '--[a-z]+')
    done < <(xwadm help | sed -nE 's/^  ((image |lab )?[a-z-]+) {2,}.*/\1/p' | grep -v '^help')
    [ "$count" -ge 25 ]
}

@test "every command of xwsh and every verb of the protocol is in its page" {
    local text verb count=0
    text=$(page xwsh 1)
    while IFS= read -r verb; do
        has_word "$text" "$verb" || { echo "missing: $verb"; false; }
        count=$((count + 1))
    done < <(xwsh help | sed -nE 's/^  ([a-z-]+).*/\1/p')
    [ "$count" -ge 7 ]
    text=$(page xwkeeper 8)
    count=0
    while IFS= read -r verb; do
        has_word "$text" "$verb" || { echo "not in xwkeeper(8): $verb"; false; }
        count=$((count + 1))
    done < <(sed -nE 's/^ *\[XW_VERB_[A-Z_]+\] = \{"([a-z-]+)".*/\1/p' common/request.c)
    [ "$count" -ge 12 ]
}

@test "every field of the journal's entry and of the audit record is in its page" {
    local text field count=0
    text=$(page xwkeeper 8)
    while IFS= read -r field; do
        has_word "$text" "$field" || { echo "missing: $field"; false; }
        count=$((count + 1))
    done < <(grep -oE 'XWORLDS_[A-Z_]+' xwhelper/keeper/journal.c | sort -u)
    [ "$count" -ge 12 ]
    text=$(page xwhelper 8)
    count=0
    while IFS= read -r field; do
        has_word "$text" "$field" || { echo "missing: $field"; false; }
        count=$((count + 1))
    done < <(sed -n '/op=xworlds-/,/);/p' xwhelper/gate/audit.c | grep -oE '[a-z]+=%' | tr -d '=%')
    [ "$count" -ge 6 ]
}

@test "every option of the PAM module, its default and everything it returns is in pam_xworlds(8)" {
    local text word count=0
    text=$(page pam_xworlds 8)
    while IFS= read -r word; do
        has_word "$text" "$word" || { echo "missing: $word"; false; }
        count=$((count + 1))
    done < <(sed -nE 's/^ *\{"([a-z_]+)", set_.*/\1/p; s/.*strcmp\(argument, "([a-z]+)"\).*/\1/p' pam/options.c
        grep -ohE 'PAM_(SUCCESS|IGNORE|[A-Z_]+_(ERR|DENIED|UNKNOWN))\b' pam/*.c | sort -u)
    [ "$count" -ge 14 ]
    has_word "$text" "xworlds"
    [[ $(tr -s ' \n' ' ' <<<"$text") == *"from 1 to $(sed -nE 's/.*XW_PAM_WAIT_MAX = ([0-9]+).*/\1/p' pam/options.h). Default: $(sed -nE 's/.*XW_PAM_WAIT_DEFAULT = ([0-9]+),.*/\1/p' pam/options.h)."* ]]
}

@test "every key of image.conf is in xworlds-image(5), every key of a lab in xworlds-lab(5)" {
    local text key count=0
    text=$(page xworlds-image 5)
    while IFS= read -r key; do
        has_word "$text" "$key" || { echo "missing: $key"; false; }
        count=$((count + 1))
    done < <(sed -nE 's/^ *\{"([a-z]+)", (image|passing)->.*/\1/p; s/.*xw_record_at\(lines, "([a-z0-9-]+)"\).*/\1/p' \
        xwhelper/keeper/image.c)
    [ "$count" -ge 11 ]
    text=$(page xworlds-lab 5)
    for key in xworlds title description access students teams instructors opens closes timezone grace suspend-after segments machines \
        image memory vcpus order forward graphics gateway interfaces segment address; do
        grep -q "\"$key\"" xwadm/lab_*.c || { echo "no key of a lab: $key"; false; }
        has_word "$text" "$key" || { echo "missing: $key"; false; }
    done
}

@test "pages refer to pages that exist, and no page is an orphan" {
    local file reference name
    while read -r file reference; do
        [ -e "$PAGES/man${reference##*.}/$reference" ] ||
            { echo "$file refers to $reference"; false; }
    done < <(grep -oE '^\.Xr xw[a-z.-]* [0-9]' "$PAGES"/man*/xw* |
        sed -E 's/^([^:]*):\.Xr ([^ ]*) (.)/\1 \2.\3/')
    for file in "$PAGES"/man*/xw*; do
        name=${file##*/}
        [[ $name == xworlds.7 ]] && continue
        grep -q "^\.Xr ${name%.*} ${name##*.}" "$PAGES/man7/xworlds.7" ||
            { echo "not in xworlds(7): $name"; false; }
    done
}

@test "the exit statuses of the pages are those of the code" {
    local code text name
    for name in xworlds.7 xwsh.1 xwhelper.8; do
        text=$(page "${name%.*}" "${name##*.}" | tr -s ' \n' ' ')
        for code in 0 1 2 3 4 75 77 124; do
            # The gate asks for no password, and waits for no login prompt.
            [[ $name$code != xwhelper.877 && $name$code != xwhelper.8124 ]] || continue
            [[ ${text#*EXIT STATUS} == *" $code "* ]] || { echo "$name lacks $code"; false; }
        done
    done
    [ "$(sed -nE 's/^ *XW_EXIT_[A-Z_]+ = ([0-9]+).*/\1/p' common/exitcode.h | tr '\n' ' ')" = "0 1 2 3 4 75 77 124 " ]
}
