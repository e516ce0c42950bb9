# shellcheck shell=bash
# What an instructor asks for, and a console that two have open. tina looks after the lab.

# Off: what runs is written to, and "last use" would be another each time.
before_worlds() { web_off; }
act_worlds() { as tina list --lab firewall; }
act_grants() { as tina who-can firewall; }

# --- extended ---------------------------------------------------------------------------------

closing_lab() {
    grep -q '^closes ' "$STATE/labs/firewall/access" ||
        sed -i '0,/^machine /s//closes 4000000000\n&/' "$STATE/labs/firewall/access"
}
until_of() { awk '$1 == "until" { print $2 }' "$STATE/owners/$(id -u "$1")"; }

before_extend() {
    closing_lab
    [[ -z $(until_of alice) ]] || quietly as tina extend firewall alice --none
}
act_extend() { as tina extend firewall alice "'2100-01-01 08:00'"; }
after_extend() { [[ $(until_of alice) == 41* ]] && nothing_half_made; }
# Her record is whole, whatever it says of the time.
between_extend() { as alice list | has firewall; }

before_deploy_one() { no_world; }
act_deploy_one() { as tina prepare firewall bob; }
after_deploy_one() { world_is_whole bob; }

# --- a console with somebody at it ------------------------------------------------------------

# alice keeps it open until she is killed.
hold_console() {
    local deadline=$((SECONDS + 20))
    start_web
    [[ -z ${HOLDER-} ]] || ! kill -0 "$HOLDER" 2>/dev/null || return 0
    : >/run/held
    "$HERE/viewer" alice firewall/web hold >/run/held &
    HOLDER=$!
    until grep -q held /run/held; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}
let_go() {
    [[ -z ${HOLDER-} ]] || kill "$HOLDER" 2>/dev/null || true
    HOLDER=
}

before_take() { hold_console; }
act_take() { "$HERE/viewer" tina 'firewall:alice/web --take'; }
