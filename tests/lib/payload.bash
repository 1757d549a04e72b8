# SPDX-License-Identifier: MIT
#
# For bats files: `load ../lib/payload`, after supd. A payload that does what the test tells it, so that no
# test waits for time to pass.
#
#   obedient_write NAME [KEY=VALUE...]   a unit whose payload is a shell that takes orders
#   order NAME COMMAND...                have it run COMMAND; returns when it has taken the order
#   ask NAME COMMAND...                  the same, and print what COMMAND says
#   orders_of NAME                       the directory that the container sees as /orders
#   prop_is UNIT PROPERTY VALUE          for wait_until
#   has_line FILE REGEX                  for wait_until: there is a line that matches
#   supd_messages UNIT [OPTION...]       what supd itself told the journal of the unit
#
# An order is one line. The shell is there with the unit being active; orders before that wait for it.

ORDERS=$SUPD_TEST_DIR/orders

orders_of() {
        printf '%s\n' "$ORDERS/${1//@/_}"
}

obedient_write() {
        local name=$1 dir
        shift
        dir=$(orders_of "$name")
        rm -rf "$dir" # of the test before
        mkdir -p "$dir"
        mkfifo "$dir/in" "$dir/out"
        chmod 0777 "$dir" "$dir/in" "$dir/out"
        # A trapped signal interrupts `read`; the loop goes on.
        cat >"$dir/obey" <<'SCRIPT'
exec 3<>/orders/in
[ ! -e /orders/first ] || . /orders/first
while :; do
        read -r line <&3 || continue
        eval "$line"
done
SCRIPT
        unit_write "$name.container" Exec='sh /orders/obey' "Volume=$dir:/orders" "$@"
}

# first_order() - COMMAND is run by each instance before it takes orders
first_order() {
        local name=$1
        shift
        printf '%s\n' "$*" >"$(orders_of "$name")/first"
}

order() {
        local name=$1
        shift
        timeout 10 bash -c 'printf "%s\n" "$1" >"$2"' bash "$*" "$(orders_of "$name")/in" ||
                fail "$name takes no orders"
}

ask() {
        local name=$1
        shift
        order "$name" "{ $*; } >/orders/out 2>&1"
        timeout 10 cat "$(orders_of "$name")/out" || fail "$name does not answer: $*"
}

prop_is() {
        assert_equal "$3" "$(unit_prop "$1" "$2")" 2>/dev/null
}

has_line() {
        grep -q -E -e "$2" "$1" 2>/dev/null
}

supd_messages() {
        local unit=$1
        shift
        journalctl --sync && journalctl --quiet --no-pager --output=cat SYSLOG_IDENTIFIER=supd \
                "UNIT=$unit.service" "$@"
}
