# SPDX-License-Identifier: MIT
# ConditionX= and AssertX=, with real containers.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        MARK=$SUPD_TEST_DIR/mark
        rm -f "$MARK"
}

teardown() {
        supd_stop
}

@test "an unmet condition skips a start without a failure, and status tells which it was" {
        obedient_write web "Unit.ConditionPathExists=/" "Unit.ConditionPathExists=$MARK"
        supd_start
        run supctl start web
        assert_equal 0 "$status"
        assert_equal '' "$output"
        unit_is web dead
        assert_equal success "$(unit_prop web Result)"
        assert_equal no "$(unit_prop web ConditionResult)"
        run supctl status web
        assert_equal 3 "$status"
        assert_match 'Condition: start condition failed at .*ago' "$output"
        assert_match "ConditionPathExists=$MARK was not met" "$output"
        run supd_messages web
        assert_match "Not started: ConditionPathExists=$MARK was not met" "$output"
        run supctl why web
        assert_match "start skipped: ConditionPathExists=$MARK was not met" "$output"

        touch "$MARK"
        supctl start web
        unit_is web running
        assert_equal yes "$(unit_prop web ConditionResult)"
        run supctl status web
        assert_no_match 'Condition:' "$output"
}

@test "an unmet assertion fails the start, and the state stays" {
        obedient_write web "Unit.AssertPathExists=$MARK"
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match "web.service did not start: AssertPathExists=$MARK was not met" "$output"
        unit_is web dead
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal no "$(unit_prop web AssertResult)"
        assert_equal yes "$(unit_prop web ConditionResult)"
        run supctl status web
        assert_match 'Assert: start assertion failed at' "$output"
}

@test "who requires a skipped unit starts, who is bound to it does not" {
        obedient_write db "Unit.ConditionPathExists=$MARK"
        obedient_write easy Requires=db.container After=db.container
        obedient_write strict BindsTo=db.container After=db.container
        supd_start
        supctl start easy
        unit_is easy running
        unit_is db dead
        run supctl start strict
        assert_equal 1 "$status"
        unit_is strict dead
}

@test "the start limit does not count what conditions hold back" {
        obedient_write web "Unit.ConditionPathExists=$MARK" StartLimitIntervalSec=1h StartLimitBurst=1
        obedient_write again Wants=web.container After=web.container
        supd_start
        for _ in 1 2 3; do
                supctl restart again
                unit_is web dead
        done
        touch "$MARK"
        supctl restart again
        unit_is web running
}

@test "an automatic restart is held back by a condition too, and ends well" {
        touch "$MARK"
        obedient_write web "Unit.ConditionPathExists=$MARK" Restart=always RestartSec=0
        supd_start
        supctl start web
        first=$(unit_prop web MainPID)
        rm "$MARK"
        order web exit 3
        wait_until 10 unit_is web dead
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal no "$(unit_prop web ConditionResult)"
        touch "$MARK"
        supctl start web
        unit_has_other_pid web "$first"
}

@test "what was held back is known to the next supd" {
        obedient_write web "Unit.ConditionPathExists=$MARK"
        unit_write extra.target "Unit.AssertPathExists=$MARK"
        supd_start
        supctl start web
        run supctl start extra.target
        assert_equal 1 "$status"
        condition=$(unit_prop web ConditionTimestampMonotonic)
        assertion=$(unit_prop extra.target AssertTimestampMonotonic)
        ((condition > 0 && assertion > 0))
        pid=$(supd_pid)
        kill -KILL "$pid"
        wait_until 10 supd_answers
        assert_equal "$condition" "$(unit_prop web ConditionTimestampMonotonic)"
        assert_equal "$assertion" "$(unit_prop extra.target AssertTimestampMonotonic)"
        assert_equal no "$(unit_prop web ConditionResult)"
        unit_is web dead
        supctl daemon-reexec
        wait_until 10 supd_answers
        assert_equal "$condition" "$(unit_prop web ConditionTimestampMonotonic)"
        run supctl status web
        assert_match 'Condition: start condition failed at' "$output"
}

@test "a container whose .image is held back by a condition fails, and does not wait" {
        unit_write base.image Image=localhost/nothing "Unit.ConditionPathExists=$MARK"
        sed -i 's/^\[Container\]/[Image]/' "$UNIT_DIR/base.image"
        unit_write web.container Image=base.image Network=none
        supd_start
        run timeout 30 supctl start web
        assert_equal 1 "$status"
        assert_match "base-image.service has no image: ConditionPathExists=$MARK was not met" "$output"
}

@test "systemctl shows conditions as it does for systemd" {
        command -v systemctl >/dev/null || skip 'no systemctl'
        obedient_write web "Unit.ConditionPathExists=|$MARK" "Unit.ConditionPathExists=|!/"
        supd_config Manager.SystemdSocket=yes
        supd_start
        systemctl start web
        run systemctl status web
        assert_match 'Condition: start condition (failed|unmet) at' "$output"
        assert_match "ConditionPathExists=.*$MARK was not met" "$output"
        run systemctl show -p ConditionResult -p AssertResult web
        assert_equal $'ConditionResult=no\nAssertResult=no' "$output"
}

@test "RequiresMountsFor= asks that the path is there, WantsMountsFor= does not" {
        obedient_write web "Unit.RequiresMountsFor=$MARK"
        obedient_write easy "Unit.WantsMountsFor=$MARK"
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        unit_is web dead
        run supd_messages web
        assert_match "RequiresMountsFor=$MARK: there is no such path" "$output"
        assert_match "$MARK" "$(unit_prop web RequiresMountsFor)"
        assert_match 'local-fs.target' "$(unit_prop web After)"
        supctl start easy
        unit_is easy running
        touch "$MARK"
        supctl start web
        unit_is web running
}

@test "CollectMode=inactive-or-failed forgets a failure" {
        obedient_write web Unit.CollectMode=inactive-or-failed
        supd_start
        supctl start web
        order web exit 3
        wait_until 10 unit_is web dead
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal inactive-or-failed "$(unit_prop web CollectMode)"
}
