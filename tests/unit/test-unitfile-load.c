/* SPDX-License-Identifier: MIT */
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "test-unitfile-fixture.h"

/* ---- what an empty unit is ----------------------------------------------------------------------- */

static void test_a_minimal_unit_has_the_defaults_of_the_reference(void **state) {
        UnitSpec *u = fixture_load("web.container", MINIMAL);
        const ContainerSpec *c = &u->container;
        const ServiceSpec *s = &u->service;

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->id, "web.service");
        assert_string_equal(u->file_name, "web.container");
        assert_string_equal(u->fragment_path, "/etc/supd/units/web.container");
        assert_int_equal(u->kind, UNIT_KIND_CONTAINER);
        assert_string_equal(c->name, "systemd-web");
        assert_null(c->hostname);
        assert_string_equal(c->root.rootfs, "/srv/root");
        assert_false(c->root.overlay || c->root.read_only || !c->root.read_only_tmpfs);
        assert_int_equal(c->root.shm_size_bytes, 64 << 20);
        assert_int_equal(c->process.run_init, RUN_INIT_AUTO);
        assert_int_equal(c->process.stop_signal, 0);
        assert_int_equal(c->pull.policy, PULL_MISSING);
        assert_int_equal(c->process.stop_timeout_usec, 10 * USEC_PER_SEC);
        assert_int_equal(c->pids_limit, 2048);
        assert_true(c->memory_bytes == UINT64_MAX);
        assert_int_equal(c->log_driver, LOG_DRIVER_AUTO);
        assert_int_equal(s->type, SERVICE_NOTIFY);
        assert_int_equal(s->restart.policy, RESTART_NO);
        assert_int_equal(s->restart.delay_usec, 100 * USEC_PER_MSEC);
        assert_true(s->restart.reset_usec == USEC_INFINITY);
        assert_int_equal(s->restart.limit_interval_usec, 10 * USEC_PER_SEC);
        assert_int_equal(s->restart.limit_burst, 5);
        assert_int_equal(s->start_timeout_usec, 90 * USEC_PER_SEC);
        assert_int_equal(s->stop_timeout_usec, 90 * USEC_PER_SEC);
        assert_true(s->send_sigkill && !s->send_sighup && s->kill_mixed);
        assert_true(u->unit.default_dependencies && u->unit.quadlet_default_dependencies);
        unit_spec_free(u);
}

static const char everything[] =
                "[Unit]\nDescription=The web of %N\nDocumentation=https://example.org/ man:web(8)\n"
                "StartLimitIntervalSec=1min\nStartLimitBurst=7\n"
                "[Container]\nRootfs=/srv/root:O\nExec=serve --port \"80 "
                "80\"\nEntrypoint=[\"/bin/sh\",\"-c\"]\n"
                "Environment=B=2 \"A=1 x\"\nEnvironment=B=3\nEnvironmentFile=/etc/web.env web.env "
                "%t/x.env\n"
                "WorkingDir=/"
                "srv\nUser=www\nGroup=daemon\nHostName=web-1\nContainerName=web\nReadOnly=true\n"
                "ReadOnlyTmpfs=no\nTmpfs=/run\nTmpfs=/tmp:rw,exec,size=64m,mode=1777\nVolume=/srv/"
                "data:/data\n"
                "Volume=./conf:/etc/web:ro,rshared,noexec\nAddCapability=NET_ADMIN "
                "cap_sys_time\nDropCapability=all\n"
                "NoNewPrivileges=yes\nSeccompProfile=unconfined\nSysctl=net.ipv4.ip_forward=1 "
                "kernel.msgmax=65536\n"
                "Ulimit=nofile=1024:2048\nUlimit=core=-1\nUlimit=nproc=host\nNetwork=host\nRunInit="
                "false\nStopSignal=INT\n"
                "StopTimeout=0x10\nPidsLimit=-1\nMemory=512m\nShmSize=1g\nMask=/proc/a:/proc/"
                "b\nUnmask=ALL\n"
                "Annotation=a=1\nLabel=b "
                "c=2\nTimezone=Europe/Berlin\nLogDriver=k8s-file\nLogOpt=max-size=10m\n"
                "[Quadlet]\nDefaultDependencies=false\n"
                "[Service]\nRestart=on-failure\nRestartSec=2\nRestartSteps=4\nRestartMaxDelaySec="
                "1min\n"
                "RestartForceExitStatus=75 "
                "SIGUSR1\nRestartPreventExitStatus=143\nSuccessExitStatus=TEMPFAIL 1\n"
                "TimeoutStartSec=0\nTimeoutStopSec=5\nKillSignal=QUIT\nKillMode=control-"
                "group\nSendSIGKILL=no\n"
                "SendSIGHUP=yes\nRemainAfterExit=yes\nMemoryMax=1G\nMemoryHigh=50%\nMemorySwapMax="
                "0\nCPUQuota=150%\n"
                "CPUWeight=idle\nAllowedCPUs=3 "
                "0-1\nTasksMax=15%\nIOWeight=50\nOOMScoreAdjust=-500\nOOMPolicy=stop\n"
                "Environment=PORT=80 \"X=a "
                "b\"\nEnvironmentFile=-/etc/default/web\nLogRateLimitIntervalSec=30\n"
                "LogRateLimitBurst=1000\n"
                "[Install]\nWantedBy=multi-user.target "
                "other.target\nRequiredBy=r.target\nUpheldBy=u.target\nAlias=www\n"
                "[X-Supd]\nRestartResetSec=10min\n[X-Other]\nanything=goes\n";

static void check_everything_root(const RootSpec *root) {
        assert_string_equal(root->rootfs, "/srv/root");
        assert_true(root->overlay && root->read_only && !root->read_only_tmpfs);
        assert_int_equal(root->n_tmpfs, 2);
        assert_string_equal(root->tmpfs[0].target, "/run");
        assert_null(root->tmpfs[0].options);
        assert_true(root->tmpfs[0].noexec && root->tmpfs[0].nosuid && root->tmpfs[0].copy_up);
        assert_string_equal(root->tmpfs[1].options, "size=64m,mode=1777");
        assert_false(root->tmpfs[1].noexec || !root->tmpfs[1].nodev || root->tmpfs[1].read_only);
        assert_int_equal(root->n_volumes, 2);
        assert_string_equal(root->volumes[0].source, "/srv/data");
        assert_string_equal(root->volumes[0].target, "/data");
        assert_true(root->volumes[0].recursive && !root->volumes[0].read_only);
        assert_int_equal(root->volumes[0].propagation, PROPAGATION_RPRIVATE);
        assert_string_equal(root->volumes[1].source, "/etc/supd/units/conf");
        assert_true(root->volumes[1].read_only && root->volumes[1].noexec);
        assert_int_equal(root->volumes[1].propagation, PROPAGATION_RSHARED);
        assert_int_equal(root->shm_size_bytes, 1 << 30);
        fixture_assert_words(root->mask, "/proc/a|/proc/b");
        fixture_assert_words(root->unmask, "ALL");
        assert_string_equal(root->timezone, "Europe/Berlin");
}

static void test_every_key_of_a_container_fills_its_member(void **state) {
        UnitSpec *u = fixture_load("web.container", everything);
        const ContainerSpec *c = &u->container;
        const ProcessSpec *p = &c->process;
        const SecuritySpec *s = &c->security;

        (void) state;
        fixture_assert_loaded(u);
        check_everything_root(&c->root);
        assert_string_equal(c->name, "web");
        assert_string_equal(c->hostname, "web-1");
        fixture_assert_words(p->exec, "serve|--port|80 80");
        fixture_assert_words(p->entrypoint, "/bin/sh|-c");
        fixture_assert_words(p->environment, "A=1 x|B=3");
        fixture_assert_words(
                        p->environment_files, "/etc/web.env|/etc/supd/units/web.env|/run/x.env");
        assert_string_equal(p->working_dir, "/srv");
        assert_string_equal(p->user, "www");
        assert_string_equal(p->group, "daemon");
        assert_int_equal(p->run_init, RUN_INIT_NO);
        assert_int_equal(p->stop_signal, SIGINT);
        assert_int_equal(p->stop_timeout_usec, 16 * USEC_PER_SEC);
        assert_true(s->add_capabilities ==
                        (UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_SYS_TIME));
        assert_true(s->drop_capabilities == UINT64_MAX);
        assert_true(s->no_new_privileges && s->seccomp_unconfined);
        fixture_assert_words(s->sysctls, "net.ipv4.ip_forward=1|kernel.msgmax=65536");
        assert_int_equal(s->n_ulimits, 3);
        assert_true(s->ulimits[0].resource == RLIMIT_NOFILE && s->ulimits[0].soft == 1024);
        assert_true(s->ulimits[0].hard == 2048 && s->ulimits[1].hard == UINT64_MAX);
        assert_true(s->ulimits[2].resource == RLIMIT_NPROC && s->ulimits[2].host);
        assert_int_equal(c->network, NETWORK_HOST);
        assert_true(c->pids_limit == UINT64_MAX && c->memory_bytes == 512 << 20);
        fixture_assert_words(c->annotations, "a=1");
        fixture_assert_words(c->labels, "b=|c=2");
        assert_int_equal(c->log_driver, LOG_DRIVER_FILE);
        assert_int_equal(c->log_size_max_bytes, 10 << 20);
        unit_spec_free(u);
}

static void test_every_key_of_a_service_fills_its_member(void **state) {
        UnitSpec *u = fixture_load("web.container", everything);
        const ServiceSpec *s = &u->service;
        const ResourceSpec *r = &s->resource;

        (void) state;
        assert_string_equal(u->unit.description, "The web of web");
        fixture_assert_words(u->unit.documentation, "https://example.org/|man:web(8)");
        assert_false(u->unit.quadlet_default_dependencies);
        assert_int_equal(s->restart.policy, RESTART_ON_FAILURE);
        assert_int_equal(s->restart.delay_usec, 2 * USEC_PER_SEC);
        assert_int_equal(s->restart.steps, 4);
        assert_int_equal(s->restart.delay_max_usec, USEC_PER_MINUTE);
        assert_int_equal(s->restart.reset_usec, 10 * USEC_PER_MINUTE);
        assert_true(exit_set_has_status(&s->restart.force, 75) &&
                        exit_set_has_signal(&s->restart.force, SIGUSR1));
        assert_true(exit_set_has_status(&s->restart.prevent, 143));
        assert_true(exit_set_has_status(&s->restart.success, 75) &&
                        exit_set_has_status(&s->restart.success, 1));
        assert_int_equal(s->restart.limit_interval_usec, USEC_PER_MINUTE);
        assert_int_equal(s->restart.limit_burst, 7);
        assert_true(s->start_timeout_usec == USEC_INFINITY);
        assert_int_equal(s->stop_timeout_usec, 5 * USEC_PER_SEC);
        assert_int_equal(s->kill_signal, SIGQUIT);
        assert_true(!s->kill_mixed && !s->send_sigkill && s->send_sighup && s->remain_after_exit);
        assert_true(r->memory_max.value == UINT64_C(1) << 30 && !r->memory_max.relative);
        assert_true(r->memory_high.value == 5000 && r->memory_high.relative);
        assert_int_equal(r->memory_swap_max.value, 0);
        assert_int_equal(r->cpu_quota_per_sec_usec, 1500000);
        assert_int_equal(r->cpu_weight, 0);
        assert_string_equal(r->allowed_cpus, "0-1,3");
        assert_true(r->tasks_max.relative && r->tasks_max.value == 1500);
        assert_int_equal(r->io_weight, 50);
        assert_true(r->oom_score_adjust_set && r->oom_score_adjust == -500);
        assert_int_equal(r->oom_policy, OOM_POLICY_STOP);
        fixture_assert_words(s->environment, "PORT=80|X=a b");
        fixture_assert_words(s->environment_files, "-/etc/default/web");
        assert_int_equal(s->log_rate_limit_interval_usec, 30 * USEC_PER_SEC);
        assert_int_equal(s->log_rate_limit_burst, 1000);
        fixture_assert_words(u->install.wanted_by, "multi-user.target|other.target");
        fixture_assert_words(u->install.required_by, "r.target");
        fixture_assert_words(u->install.upheld_by, "u.target");
        fixture_assert_words(u->install.alias, "www");
        unit_spec_free(u);
}

/* ---- bad values ---------------------------------------------------------------------------------- */

typedef struct LineCase {
        const char *line, *says; /* says: part of the diagnostics */
} LineCase;

static void check_lines(const LineCase *cases,
                size_t n,
                UnitSpec *(*load)(const char *),
                UnitLoadState expected) {
        for (size_t i = 0; i < n; i++) {
                UnitSpec *u = load(cases[i].line);

                fixture_assert_says(&u->diagnostics, cases[i].says);
                if (u->load_state != expected)
                        fail_msg("'%s' gave %s",
                                        cases[i].line,
                                        unit_load_state_to_string(u->load_state));
                unit_spec_free(u);
        }
}

static void test_a_malformed_value_of_a_container_is_an_error_with_file_line_and_key(void **state) {
        static const LineCase cases[] = {
                { "Memory=12Q",
                                "error: web.container:4: Container.Memory: '12Q' is not a size "
                                "[bad-value]\n" },
                { "Rootfs=srv", ":4: Container.Rootfs: 'srv' is not an absolute path" },
                { "Rootfs=/srv:nonsense", ":4: Container.Rootfs: '/srv:nonsense' has an option" },
                { "Entrypoint=[\"a\"", "Container.Entrypoint: '[\"a\"' is not a JSON array" },
                { "Environment==x", "Container.Environment: '=x' has no name" },
                { "WorkingDir=srv", "Container.WorkingDir: 'srv' is not an absolute path" },
                { "User=:1", "Container.User: ':1' names no user" },
                { "Group=x", "web.container: invalid Group set without User [cross-check]" },
                { "HostName=a b", "Container.HostName: 'a b' is not a host name" },
                { "HostName=-a", "Container.HostName: '-a' is not a host name" },
                { "ContainerName=a/b", "Container.ContainerName: 'a/b' is not a container name" },
                { "ContainerName=..", "Container.ContainerName: '..' is not a container name" },
                { "ServiceName=a/b", "Container.ServiceName: 'a/b' is not the name of a service" },
                { "StopSignal=NONE", "Container.StopSignal: 'NONE' is not a signal" },
                { "StopTimeout=10s", "Container.StopTimeout: '10s' is not a number of seconds" },
                { "StopTimeout=08", "Container.StopTimeout: '08' is not a number of seconds" },
                { "AddCapability=NET", "Container.AddCapability: 'NET' is not a capability" },
                { "DropCapability=\"all",
                                "Container.DropCapability: '\"all': quote is not closed" },
                { "SeccompProfile=/x.json", "Container.SeccompProfile: '/x.json' is a profile" },
                { "Sysctl=net.x", "Container.Sysctl: 'net.x' is not NAME=VALUE" },
                { "Sysctl=../../x=1", "Container.Sysctl: '../../x=1' is not NAME=VALUE" },
                { "Ulimit=nofile=2:1", "Container.Ulimit: 'nofile=2:1' is not a limit" },
                { "Ulimit=files=2", "Container.Ulimit: 'files=2' is not a limit" },
                { "Tmpfs=run", "Container.Tmpfs: 'run' is not an absolute path" },
                { "Tmpfs=/", "Container.Tmpfs: '/' is not an absolute path below /" },
                { "Tmpfs=/x:size=5q", "Container.Tmpfs: 'size=5q' is not an option" },
                { "Tmpfs=/x:huge=always", "Container.Tmpfs: 'huge=always' is not an option" },
                { "Volume=/data", "Container.Volume: '/data' is an anonymous volume" },
                { "Volume=data:/data", "Container.Volume: 'data' is a named volume" },
                { "Volume=data.volume:/data", "Container.Volume: 'data.volume' is a volume unit" },
                { "Volume=/a:b", "Container.Volume: 'b' is not an absolute path" },
                { "Volume=/a:/b:rx", "Container.Volume: 'rx' is not an option of a volume" },
                { "Volume=/a:/b:U", "Container.Volume: 'U' is not supported yet" },
                { "Volume=/a:/b\nTmpfs=/b", "web.container: two mounts on '/b'" },
                { "ShmSize=big", "Container.ShmSize: 'big' is not a size" },
                { "Mask=proc", "Container.Mask: 'proc' is not an absolute path" },
                { "Mask=ALL", "Container.Mask: 'ALL' is not an absolute path" },
                { "Timezone=../etc",
                                "Container.Timezone: '../etc' is not the name of a time zone" },
                { "Timezone=/etc/x", "Container.Timezone: '/etc/x' is not the name" },
                { "Network=host", "'none' stands beside other networks" },
                { "Network=\nNetwork=bridge", "Container.Network: 'bridge' is not supported yet" },
                { "Network=\nNetwork=pasta:x", "'pasta:x' is for rootless Podman" },
                { "PidsLimit=many", "Container.PidsLimit: 'many' is not a number" },
                { "LogDriver=syslog", "Container.LogDriver: 'syslog' is not a log driver" },
                { "LogOpt=max-size=x", "Container.LogOpt: 'max-size=x' has no size" },
                { "WorkingDir=/%z", "Container.WorkingDir: '%z' is no specifier [bad-specifier]" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_line, UNIT_BAD_SETTING);
}

static void test_a_malformed_value_of_a_service_is_ignored_with_a_warning(void **state) {
        static const LineCase cases[] = {
                { "Restart=alwys",
                                "warning: web.container:5: Service.Restart: 'alwys' is not a "
                                "restart policy; ignored [bad-value]" },
                { "RestartSec=soon", "Service.RestartSec: 'soon' is not a time span; ignored" },
                { "RestartSteps=-1", "Service.RestartSteps: '-1' is not a number; ignored" },
                { "SuccessExitStatus=1 NOPE",
                                "Service.SuccessExitStatus: 'NOPE' is not an exit status or "
                                "signal" },
                { "TimeoutStopSec=x", "Service.TimeoutStopSec: 'x' is not a time span" },
                { "TimeoutSec=x", "Service.TimeoutSec: 'x' is not a time span" },
                { "KillSignal=x", "Service.KillSignal: 'x' is not a signal" },
                { "SendSIGKILL=maybe", "Service.SendSIGKILL: 'maybe' is not a boolean; ignored" },
                { "OOMPolicy=panic", "Service.OOMPolicy: 'panic' is not continue, stop or kill" },
                { "EnvironmentFile=x.env",
                                "Service.EnvironmentFile: 'x.env' is not an absolute path" },
                { "Environment==x", "Service.Environment: '=x' has no name; ignored" },
                { "Environment=A=%Z", "'%Z' is no specifier; ignored" },
                { "Frobnicate=1",
                                "warning: web.container:5: unknown key 'Frobnicate' in section "
                                "[Service]; ignored [unknown-key]" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_service, UNIT_LOADED);
}

static void test_a_malformed_limit_is_an_error_and_no_container_runs_unlimited(void **state) {
        static const LineCase cases[] = {
                { "MemoryMax=12Q",
                                "error: web.container:5: Service.MemoryMax: '12Q' is not a size" },
                { "MemoryMax=0", "Service.MemoryMax: '0' is not a size" },
                { "MemoryHigh=101%", "Service.MemoryHigh: '101%' is not a size" },
                { "MemorySwapMax=x",
                                "Service.MemorySwapMax: 'x' is not a size or a share of swap" },
                { "CPUQuota=2", "Service.CPUQuota: '2' is not a percentage" },
                { "CPUQuota=0%", "Service.CPUQuota: '0%' is not a percentage" },
                { "CPUWeight=0", "Service.CPUWeight: '0' is not a weight" },
                { "IOWeight=10001", "Service.IOWeight: '10001' is not a weight" },
                { "AllowedCPUs=a-b", "Service.AllowedCPUs: 'a-b' is not a set of CPUs" },
                { "TasksMax=-1", "Service.TasksMax: '-1' is not a number of tasks" },
                { "OOMScoreAdjust=1001", "Service.OOMScoreAdjust: '1001' is not a number from" },
                { "Type=simple", "Service.Type: invalid service Type 'simple'" },
                { "KillMode=none", "Service.KillMode: invalid KillMode 'none'" },
                { "ExecStart=/bin/true", "Service.ExecStart: is not allowed" },
                { "Type=oneshot\nRestart=always",
                                "Restart=always and on-success are not allowed for" },
                { "Type=oneshot\nRestartForceExitStatus=1",
                                "RestartForceExitStatus= is not allowed" },
                { "[X-Supd]\nRestartResetSec=x",
                                "X-Supd.RestartResetSec: 'x' is not a time span [bad-value]" },
                { "[X-Supd]\nRestartReset=1", "unknown key 'RestartReset' in section [X-Supd]" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_service, UNIT_BAD_SETTING);
}

static void test_a_bad_boolean_of_a_container_is_false_with_a_warning(void **state) {
        static const LineCase cases[] = {
                { "StartWithPod=y",
                                "warning: web.container:4: Container.StartWithPod: 'y' is not a "
                                "boolean; taken as false" },
                { "StartWithPod=", "Container.StartWithPod: '' is not a boolean; taken as false" },
                { "RunInit=t", "Container.RunInit: 't' is not a boolean; taken as false" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_line, UNIT_LOADED);
}

static void test_a_bad_boolean_that_guards_something_is_an_error(void **state) {
        static const LineCase cases[] = {
                { "ReadOnly=y",
                                "error: web.container:4: Container.ReadOnly: 'y' is not a boolean: "
                                "true "
                                "or false" },
                { "ReadOnly=", "Container.ReadOnly: '' is not a boolean" },
                { "NoNewPrivileges=ture", "Container.NoNewPrivileges: 'ture' is not a boolean" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_line, UNIT_BAD_SETTING);
        UnitSpec *u = fixture_load(
                        "x.image", "[Image]\nImage=docker.io/library/x\nTLSVerify=ture\n");
        assert_int_equal(u->load_state, UNIT_BAD_SETTING);
        fixture_assert_says(&u->diagnostics, "Image.TLSVerify: 'ture' is not a boolean");
        unit_spec_free(u);
}

static void test_a_bad_escape_in_exec_drops_the_key_as_quadlet_does(void **state) {
        UnitSpec *u = fixture_load_line("Exec=a \\q");

        (void) state;
        fixture_assert_says(&u->diagnostics,
                        "warning: web.container:4: Container.Exec: 'a \\q': unsupported");
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_null(u->container.process.exec);
        unit_spec_free(u);
}

/* ---- unknown and unsupported --------------------------------------------------------------------- */

static void test_a_near_miss_gets_a_suggestion(void **state) {
        static const LineCase errors[] = {
                { "Memroy=1g",
                                "error: web.container:4: unknown key 'Memroy' in section "
                                "[Container]; "
                                "did you mean 'Memory'? [unknown-key]\n" },
                { "volume=/a:/b", "did you mean 'Volume'?" },
                { "X-Mine=1", "unknown key 'X-Mine' in section [Container]" },
                { "[Quadlet]\nDefaultDependancies=no", "did you mean 'DefaultDependencies'?" },
        };
        static const LineCase warnings[] = {
                { "RestartSecs=1",
                                "unknown key 'RestartSecs' in section [Service]; ignored; did you "
                                "mean 'RestartSec'?" },
                { "[Instal]\nx=y",
                                "web.container:5: unknown section [Instal]; ignored; did you mean "
                                "[Install]?" },
                { "[Pod]\nx=y", "section [Pod] has no meaning in a .container file; ignored" },
        };

        (void) state;
        check_lines(errors, ELEMENTSOF(errors), fixture_load_line, UNIT_BAD_SETTING);
        check_lines(warnings, ELEMENTSOF(warnings), fixture_load_service, UNIT_LOADED);
}

static void test_keys_and_sections_of_others_are_silent(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "[X-Else]\na=b\n[Service]\nX-Key=1\n[Unit]\nX-b=2\n");

        (void) state;
        fixture_assert_loaded(u);
        unit_spec_free(u);
}

static void test_known_keys_that_do_nothing_yet_warn_once(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL "DNSSearch=a\nDNSSearch=b\nAutoUpdate=registry\n"
                                "[Unit]\nConditionACPower=yes\nConditionACPower=no\n"
                                "JoinsNamespaceOf=c.service\n");

        (void) state;
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_int_equal(u->diagnostics.n_items, 4);
        fixture_assert_says(&u->diagnostics,
                        "warning: web.container:4: Container.DNSSearch: known but not supported "
                        "yet; ignored "
                        "[not-supported]");
        fixture_assert_says(&u->diagnostics,
                        ":6: Container.AutoUpdate: has no effect: no update daemon [no-effect]");
        fixture_assert_says(&u->diagnostics, ":8: Unit.ConditionACPower: is about the host");
        fixture_assert_says(&u->diagnostics, ":10: Unit.JoinsNamespaceOf: has no effect");
        unit_spec_free(u);
}

static void test_keys_without_which_a_container_would_be_unsafe_are_errors(void **state) {
        static const LineCase cases[] = {
                { "Image=docker.io/library/busybox",
                                "the Image And Rootfs keys conflict can not be specified "
                                "together" },
                { "Rootfs=\nImage=docker.io/library/Busybox", "Container.Image: " },
                { "Rootfs=\nImage=base@.image", "'base@.image' is a template; name an instance" },
                { "Rootfs=",
                                "error: web.container: no Image or Rootfs key specified "
                                "[cross-check]" },
                { "CgroupsMode=disabled", "Container.CgroupsMode: is not available" },
                { "ReloadCmd=a\nReloadSignal=HUP",
                                "ReloadCmd and ReloadSignal are mutually exclusive but both are "
                                "set" },
                { "[Service]\nImportCredential=x",
                                "Service.ImportCredential: is not supported: the secret" },
                { "[Service]\nAppArmorProfile=x", "Service.AppArmorProfile: is not supported" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_line, UNIT_BAD_SETTING);
}

static void test_keys_that_are_for_later_are_warnings_and_the_unit_loads(void **state) {
        static const LineCase cases[] = {
                { "PublishPort=80:80", "warning: web.container:4: Container.PublishPort: known" },
                { "DNSSearch=a", "warning: web.container:4: Container.DNSSearch: known" },
                { "Rootfs=\nImage=base.build",
                                "warning: web.container:5: Container.Image: 'base.build': unit "
                                "type "
                                ".build is not supported" },
                { "[Service]\nPIDFile=/run/x", "warning: web.container:5: Service.PIDFile: known" },
        };

        (void) state;
        check_lines(cases, ELEMENTSOF(cases), fixture_load_line, UNIT_LOADED);
}

static void test_values_that_ask_for_what_happens_anyway_are_silent(void **state) {
        static const char *const lines[] = {
                "UserNS=host",
                "AppArmor=unconfined",
                "CgroupsMode=split",
                "Notify=false",
                "HealthCmd=none",
                "UserNS=auto\nUserNS=",
                "[Service]\nDelegate=yes\nStandardOutput=journal\nMemoryAccounting=true",
                "[Service]\nAppArmorProfile=-x",
                "[Install]\nAlso=x.service",
                NULL,
        };

        (void) state;
        for (int i = 0; lines[i]; i++) {
                UnitSpec *u = fixture_load_line(lines[i]);
                fixture_assert_loaded(u);
                unit_spec_free(u);
        }
}

static void test_all_problems_of_a_file_are_reported_in_order_of_lines(void **state) {
        UnitSpec *u = fixture_load("web.container",
                        MINIMAL
                        "Bogus=1\nMemory=x\n[Service]\nRestart=x\nMemoryMax=x\n[Bogus]\nnothing\n");
        unsigned last = 0;

        (void) state;
        assert_int_equal(u->diagnostics.n_items, 6);
        for (size_t i = 0; i < u->diagnostics.n_items; i++) {
                assert_true(u->diagnostics.items[i].line > last);
                last = u->diagnostics.items[i].line;
        }
        unit_spec_free(u);
}

/* ---- assignments that meet ----------------------------------------------------------------------- */

static void test_of_single_values_the_last_assignment_counts(void **state) {
        UnitSpec *u = fixture_load_line("HostName=bad name\nHostName=good\nExec=a\nExec=b c");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.hostname, "good");
        fixture_assert_words(u->container.process.exec, "b|c");
        unit_spec_free(u);
}

static void test_an_empty_assignment_unsets_a_value(void **state) {
        UnitSpec *u = fixture_load_line(
                        "HostName=a\nHostName=\nMemory=1g\nMemory=\"\"\n"
                        "[Service]\nMemoryMax=1G\nMemoryMax=\nRestartSec=5\nRestartSec=");

        (void) state;
        fixture_assert_loaded(u);
        assert_null(u->container.hostname);
        assert_true(u->container.memory_bytes == UINT64_MAX);
        assert_true(u->service.resource.memory_max.value == UINT64_MAX);
        assert_int_equal(u->service.restart.delay_usec, 100 * USEC_PER_MSEC);
        unit_spec_free(u);
}

static void test_an_empty_assignment_clears_a_list(void **state) {
        UnitSpec *u = fixture_load_line(
                        "Volume=/a:/a\nVolume=\nVolume=/b:/b\nVolume=/c:/c\nTmpfs=/t\nTmpfs=\n"
                        "Environment=A=1\nEnvironment=\nEnvironment=B=2\n"
                        "[Service]\nSuccessExitStatus=1\nSuccessExitStatus=\nSuccessExitStatus=2");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->container.root.n_volumes, 2);
        assert_string_equal(u->container.root.volumes[0].target, "/b");
        assert_int_equal(u->container.root.n_tmpfs, 0);
        fixture_assert_words(u->container.process.environment, "B=2");
        assert_false(exit_set_has_status(&u->service.restart.success, 1));
        assert_true(exit_set_has_status(&u->service.restart.success, 2));
        unit_spec_free(u);
}

static void test_a_bad_value_of_a_service_leaves_the_one_before(void **state) {
        UnitSpec *u = fixture_load_service("RestartSec=5\nRestartSec=soon");

        (void) state;
        assert_int_equal(u->service.restart.delay_usec, 5 * USEC_PER_SEC);
        unit_spec_free(u);
}

static void test_the_later_of_two_timeout_keys_counts(void **state) {
        UnitSpec *u = fixture_load_service("TimeoutStartSec=1\nTimeoutSec=2\nTimeoutStopSec=3");

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->service.start_timeout_usec, 2 * USEC_PER_SEC);
        assert_int_equal(u->service.stop_timeout_usec, 3 * USEC_PER_SEC);
        unit_spec_free(u);
}

static void test_a_oneshot_has_no_start_timeout_unless_it_says_so(void **state) {
        UnitSpec *u = fixture_load_service("Type=oneshot"),
                 *v = fixture_load_service("Type=oneshot\nTimeoutStartSec=7");

        (void) state;
        assert_true(u->service.start_timeout_usec == USEC_INFINITY);
        assert_int_equal(v->service.start_timeout_usec, 7 * USEC_PER_SEC);
        unit_spec_free(u);
        unit_spec_free(v);
}

static void test_an_empty_entrypoint_is_not_the_same_as_none(void **state) {
        UnitSpec *u = fixture_load_line("Entrypoint="),
                 *v = fixture_load_line("Entrypoint=/bin/a b");

        (void) state;
        fixture_assert_loaded(u);
        assert_true(u->container.process.entrypoint_cleared);
        assert_null(u->container.process.entrypoint);
        assert_false(v->container.process.entrypoint_cleared);
        fixture_assert_words(v->container.process.entrypoint, "/bin/a b");
        unit_spec_free(u);
        unit_spec_free(v);
}

static void test_back_off_keys_need_each_other(void **state) {
        UnitSpec *u = fixture_load_service("RestartSteps=3"),
                 *v = fixture_load_service("RestartMaxDelaySec=9"),
                 *w = fixture_load_service("RestartSteps=3\nRestartMaxDelaySec=1\nRestartSec=2");

        (void) state;
        fixture_assert_says(&u->diagnostics,
                        "warning: web.container: RestartSteps= without RestartMaxDelaySec=");
        assert_int_equal(u->service.restart.steps, 0);
        fixture_assert_says(&v->diagnostics, "RestartMaxDelaySec= without RestartSteps=");
        assert_true(v->service.restart.delay_max_usec == USEC_INFINITY);
        fixture_assert_says(&w->diagnostics, "RestartSec= is longer than RestartMaxDelaySec=");
        assert_int_equal(w->service.restart.delay_usec, USEC_PER_SEC);
        unit_spec_free(u);
        unit_spec_free(v);
        unit_spec_free(w);
}

static void test_a_user_may_bring_its_group(void **state) {
        UnitSpec *u = fixture_load_line("User=1000:100"),
                 *v = fixture_load_line("User=a:b\nGroup=c");

        (void) state;
        fixture_assert_loaded(u);
        assert_string_equal(u->container.process.user, "1000");
        assert_string_equal(u->container.process.group, "100");
        assert_string_equal(v->container.process.group, "c");
        unit_spec_free(u);
        unit_spec_free(v);
}

static void test_ulimit_host_is_all_limits_and_the_last_word_counts(void **state) {
        UnitSpec *u = fixture_load_line("Ulimit=host\nUlimit=nofile=5");
        const SecuritySpec *s = &u->container.security;
        size_t n_host = 0;

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(s->n_ulimits, RLIM_NLIMITS);
        for (size_t i = 0; i < s->n_ulimits; i++) {
                n_host += s->ulimits[i].host;
                if (s->ulimits[i].resource == RLIMIT_NOFILE)
                        assert_true(!s->ulimits[i].host && s->ulimits[i].hard == 5);
        }
        assert_int_equal(n_host, RLIM_NLIMITS - 1);
        unit_spec_free(u);
}

static void test_without_a_network_key_a_notice_says_what_happens(void **state) {
        UnitSpec *u = fixture_load("web.container", "[Container]\nRootfs=/r\n");

        (void) state;
        fixture_assert_says(&u->diagnostics, "notice: web.container: no Network= given");
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_int_equal(u->container.network, NETWORK_NONE);
        unit_spec_free(u);
}

/* ---- drop-ins as texts --------------------------------------------------------------------------- */

static void test_drop_ins_append_to_lists_and_replace_values(void **state) {
        static const UnitText texts[] = {
                UNIT_TEXT("web.container", MINIMAL "Memory=bad\nEnvironment=A=1\n"),
                UNIT_TEXT("10.conf", "[Container]\nMemory=1g\nEnvironment=B=2\n"),
        };
        UnitSpec *u = fixture_load_texts("web.container", texts, 2);

        (void) state;
        fixture_assert_loaded(u);
        assert_int_equal(u->container.memory_bytes, 1 << 30);
        fixture_assert_words(u->container.process.environment, "A=1|B=2");
        unit_spec_free(u);
}

static void test_a_broken_drop_in_is_an_error_and_the_unit_loads_without_it(void **state) {
        static const UnitText texts[] = {
                UNIT_TEXT("web.container", MINIMAL),
                UNIT_TEXT("10.conf", "[Container]\nMemory=1g\nnothing\n"),
                UNIT_TEXT("20.conf", "[Container]\nHostName=h\n"),
        };
        UnitSpec *u = fixture_load_texts("web.container", texts, 3);

        (void) state;
        fixture_assert_says(&u->diagnostics, "error: 10.conf:3: 'nothing' is not KEY=VALUE");
        assert_int_equal(diagnostic_list_worst(&u->diagnostics), DIAGNOSTIC_ERROR);
        assert_int_equal(u->load_state, UNIT_LOADED);
        assert_true(u->container.memory_bytes == UINT64_MAX);
        assert_string_equal(u->container.hostname, "h");
        unit_spec_free(u);
}

static void test_a_bad_value_in_a_drop_in_names_that_file(void **state) {
        static const UnitText texts[] = {
                UNIT_TEXT("web.container", MINIMAL),
                UNIT_TEXT("/etc/supd/units/web.container.d/10.conf", "[Container]\nMemory=1q\n"),
        };
        UnitSpec *u = fixture_load_texts("web.container", texts, 2);

        (void) state;
        fixture_assert_says(&u->diagnostics,
                        "error: /etc/supd/units/web.container.d/10.conf:2: Container.Memory:");
        assert_int_equal(u->load_state, UNIT_BAD_SETTING);
        unit_spec_free(u);
}

/* ---- names --------------------------------------------------------------------------------------- */

static void test_names_follow_from_the_file_and_from_service_name(void **state) {
        static const struct {
                const char *file, *service_name, *id, *container, *instance;
        } cases[] = {
                { "web.container", NULL, "web.service", "systemd-web", NULL },
                { "web.container", "www", "www.service", "systemd-www", NULL },
                { "web@.container", NULL, "web@.service", "systemd-web_", NULL },
                { "web@a.container", NULL, "web@a.service", "systemd-web_a", "a" },
                { "web@a.container", "www@", "www@a.service", "systemd-www_a", "a" },
                { "a.b.container", NULL, "a.b.service", "systemd-a.b", NULL },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[256];
                (void) snprintf(text,
                                sizeof(text),
                                MINIMAL "%s%s\n",
                                cases[i].service_name ? "ServiceName=" : "",
                                cases[i].service_name ?: "");
                UnitSpec *u = fixture_load(cases[i].file, text);
                fixture_assert_loaded(u);
                assert_string_equal(u->id, cases[i].id);
                assert_string_equal(u->container.name, cases[i].container);
                assert_true(str_equal(u->instance, cases[i].instance));
                assert_int_equal(u->is_template, str_equal(cases[i].file, "web@.container"));
                unit_spec_free(u);
        }
}

static void test_the_service_name_of_a_template_needs_an_at_sign(void **state) {
        UnitSpec *u = fixture_load("web@.container", MINIMAL "ServiceName=www\n");

        (void) state;
        fixture_assert_says(&u->diagnostics,
                        "Container.ServiceName: 'www' is not the name of a service, or lacks");
        assert_int_equal(u->load_state, UNIT_BAD_SETTING);
        unit_spec_free(u);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_minimal_unit_has_the_defaults_of_the_reference),
                cmocka_unit_test(test_every_key_of_a_container_fills_its_member),
                cmocka_unit_test(test_every_key_of_a_service_fills_its_member),
                cmocka_unit_test(
                                test_a_malformed_value_of_a_container_is_an_error_with_file_line_and_key),
                cmocka_unit_test(test_a_malformed_value_of_a_service_is_ignored_with_a_warning),
                cmocka_unit_test(
                                test_a_malformed_limit_is_an_error_and_no_container_runs_unlimited),
                cmocka_unit_test(test_a_bad_boolean_of_a_container_is_false_with_a_warning),
                cmocka_unit_test(test_a_bad_boolean_that_guards_something_is_an_error),
                cmocka_unit_test(test_a_bad_escape_in_exec_drops_the_key_as_quadlet_does),
                cmocka_unit_test(test_a_near_miss_gets_a_suggestion),
                cmocka_unit_test(test_keys_and_sections_of_others_are_silent),
                cmocka_unit_test(test_known_keys_that_do_nothing_yet_warn_once),
                cmocka_unit_test(test_keys_that_are_for_later_are_warnings_and_the_unit_loads),
                cmocka_unit_test(test_keys_without_which_a_container_would_be_unsafe_are_errors),
                cmocka_unit_test(test_values_that_ask_for_what_happens_anyway_are_silent),
                cmocka_unit_test(test_all_problems_of_a_file_are_reported_in_order_of_lines),
                cmocka_unit_test(test_of_single_values_the_last_assignment_counts),
                cmocka_unit_test(test_an_empty_assignment_unsets_a_value),
                cmocka_unit_test(test_an_empty_assignment_clears_a_list),
                cmocka_unit_test(test_a_bad_value_of_a_service_leaves_the_one_before),
                cmocka_unit_test(test_the_later_of_two_timeout_keys_counts),
                cmocka_unit_test(test_a_oneshot_has_no_start_timeout_unless_it_says_so),
                cmocka_unit_test(test_an_empty_entrypoint_is_not_the_same_as_none),
                cmocka_unit_test(test_back_off_keys_need_each_other),
                cmocka_unit_test(test_a_user_may_bring_its_group),
                cmocka_unit_test(test_ulimit_host_is_all_limits_and_the_last_word_counts),
                cmocka_unit_test(test_without_a_network_key_a_notice_says_what_happens),
                cmocka_unit_test(test_drop_ins_append_to_lists_and_replace_values),
                cmocka_unit_test(test_a_broken_drop_in_is_an_error_and_the_unit_loads_without_it),
                cmocka_unit_test(test_a_bad_value_in_a_drop_in_names_that_file),
                cmocka_unit_test(test_names_follow_from_the_file_and_from_service_name),
                cmocka_unit_test(test_the_service_name_of_a_template_needs_an_at_sign),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
