# SPDX-License-Identifier: MIT
# Completion of supctl for bash.

_supctl_units() {
        supctl "${global[@]}" list-units --plain --no-legend --all "$@" 2>/dev/null | awk '{ print $1 }'
}

_supctl_unit_files() {
        supctl "${global[@]}" list-unit-files --no-legend "$@" 2>/dev/null | awk '{ print $1 }'
}

_supctl_images() {
        supctl "${global[@]}" images --no-legend --no-trunc 2>/dev/null |
                awk '$2 != "<none>" { print $1 ":" $2; if (sub(/^docker.io\/(library\/)?/, "", $1)) print $1 ":" $2 }'
}

_supctl_secrets() {
        supctl "${global[@]}" secret ls --no-legend 2>/dev/null | awk '{ print $2 }'
}

_supctl() {
        local cur prev words cword
        _init_completion -n =: 2>/dev/null || {
                cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
                words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
        }

        local -a global=()
        local i verb='' everywhere='--runtime-dir= --quiet --no-legend --plain --full --color= --no-pager --help --version'
        local -A verbs=(
                [list-units]='--all --state= --failed --json' [ps]='--all --state= --failed --json'
                [status]='--lines= --json' [start]='--no-block --job-mode= --lines=' [stop]='--no-block --job-mode='
                [restart]='--no-block --job-mode= --lines=' [try-restart]='--no-block --job-mode= --lines='
                [reload]='--no-block --job-mode= --lines=' [reload-or-restart]='--no-block --job-mode= --lines='
                [try-reload-or-restart]='--no-block --job-mode= --lines='
                [isolate]='--no-block --lines=' [list-jobs]='--json' [list-timers]='--all --json' [list-sockets]='--all --show-types --json' [cancel]='' [why]='--json' [healthcheck]='' [set-property]='--runtime'
                [analyze]='--json' ['analyze blame']='--json' ['analyze critical-chain']='' ['analyze plot']=''
                ['analyze dot']='--order --require' ['analyze security']='--json' ['analyze dump']=''
                ['analyze calendar']='--iterations= --base-time= --json' ['analyze timespan']='--json' ['analyze timestamp']='--json'
                [list-dependencies]='--all --reverse --json'
                [kill]='--signal= --kill-whom=' [pause]='' [unpause]='' [freeze]='' [thaw]=''
                [logs]='--follow --lines= --since= --until= --output= --json'
                [show]='--property= --value --json' [cat]='' [is-active]='' [is-failed]=''
                [list-unit-files]='--type= --state= --json' [is-enabled]='--full'
                [enable]='--now --runtime --force --no-reload' [disable]='--now --runtime --no-reload'
                [reenable]='--now --runtime --force --no-reload' [mask]='--now --runtime --force --no-reload'
                [unmask]='--runtime --no-reload' [link]='--runtime --force --no-reload' [revert]='--no-reload'
                [preset]='--preset-mode= --runtime --force --no-reload' [preset-all]='--preset-mode= --runtime --force --no-reload'
                [add-wants]='--runtime --force --no-reload' [add-requires]='--runtime --force --no-reload'
                [edit]='--full --force --drop-in= --stdin --runtime --no-reload' [get-default]='' [set-default]='--no-reload'
                [reset-failed]='' [daemon-reload]='--json' [daemon-reexec]=''
                [verify]='--strict --json' [version]='--json' [help]=''
                [images]='--all --digests --no-trunc --filter= --json'
                [pull]='--policy= --creds= --auth-file= --cert-dir= --tls-verify= --retry= --retry-delay= --platform= --os= --arch= --variant= --json'
                [load]='--input= --platform= --os= --arch= --variant= --json' [save]='--output= --format='
                [import]='--change= --message= --platform= --os= --arch= --variant= --json' [tag]='' [rmi]='--force'
                [history]='--no-trunc --json' ['image inspect']='--json'
                ['image prune']='--all --force --filter= --dry-run --json' ['image verify']='--repair --creds= --auth-file= --cert-dir= --tls-verify= --retry= --retry-delay= --json'
                ['secret create']='--replace --env --label=' ['secret ls']='--json' [secrets]='--json'
                ['secret inspect']='--showsecret --json' ['secret exists']='' ['secret rm']='--all'
                [df]='--verbose --json' [prune]='--all --force --filter= --dry-run --json'
        )

        for ((i = 1; i < cword; i++)); do
                case ${words[i]} in
                --runtime-dir) global=(--runtime-dir "${words[++i]}") ;;
                --runtime-dir=*) global=("${words[i]}") ;;
                -[nsSUopicmt] | --preset-mode | --type | --drop-in | --lines | --signal | --kill-whom | --since | --until | --iterations | --base-time | --output | --property | --state | --color) ((i++)) ;;
                --policy | --creds | --auth-file | --cert-dir | --tls-verify | --retry | --retry-delay) ((i++)) ;;
                --platform | --os | --arch | --variant | --input | --format | --change | --message | --filter | --label) ((i++)) ;;
                -*) ;;
                image | system | secret | analyze)
                        [[ -z $verb ]] || break
                        verb=${words[i]}
                        ;;
                *)
                        verb=${verb:+$verb }${words[i]}
                        break
                        ;;
                esac
        done
        # Second words that are verbs of their own.
        case $verb in
        'image ls' | 'image list') verb=images ;;
        'secret list') verb='secret ls' ;;
        'secret remove') verb='secret rm' ;;
        'image rm' | 'image remove') verb=rmi ;;
        'image check') verb='image verify' ;;
        'image pull' | 'image load' | 'image save' | 'image import' | 'image tag' | 'image history') verb=${verb#image } ;;
        'system df' | 'system prune') verb=${verb#system } ;;
        'analyze time') verb=analyze ;;
        'analyze verify') verb=verify ;;
        esac

        local values=''
        case $prev in
        --kill-whom) values='main all' ;;
        --job-mode) values='replace fail isolate flush replace-irreversibly ignore-dependencies ignore-requirements' ;;
        -o | --output) [[ $verb == save ]] || values='short cat json' ;;
        --policy) values='always missing newer never' ;;
        --tls-verify) values='yes no' ;;
        --format) values='docker-archive oci-archive' ;;
        --platform) values='linux/amd64 linux/arm64 linux/arm/v7 linux/arm/v6 linux/386 linux/riscv64 linux/ppc64le linux/s390x' ;;
        --filter) [[ $verb == images ]] && values='dangling=true dangling=false reference= before= since=' || values='until= label= label!=' ;;
        --preset-mode) values='full enable-only disable-only' ;;
        -t | --type) values='container image pod volume network service target timer socket' ;;
        --color) values='auto always never' ;;
        --state) values='active activating deactivating failed inactive paused running exited auto-restart bad-setting' ;;
        -s | --signal) values=$(compgen -A signal | grep ^SIG) ;;
        --since | --until | --base-time | -S | -U) values='today yesterday now' ;;
        -p | --property) values=$(supctl "${global[@]}" show "$(_supctl_units | head -n 1)" 2>/dev/null | cut -d= -f1) ;;
        -n | --lines) values='10 100 all' ;;
        --runtime-dir | --cert-dir)
                compopt -o dirnames
                return
                ;;
        esac
        if [[ $prev == --auth-file || $prev == --input || $prev == -i || ($verb == save && ($prev == --output || $prev == -o)) ]]; then
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return
        fi
        if [[ -n $values ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
                return
        fi

        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$everywhere ${verbs[${verb:-list-units}]-}" -- "$cur")
                [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
                return
        fi

        case $verb in
        '' | help)
                values='image system secret analyze'
                for verb in "${!verbs[@]}"; do
                        [[ $verb == *' '* ]] || values+=" $verb"
                done
                ;;
        image) values='ls inspect rm pull load save import tag history prune verify' ;;
        system) values='df prune' ;;
        secret) values='create ls inspect exists rm' ;;
        'secret inspect' | 'secret exists' | 'secret rm') values=$(_supctl_secrets) ;;
        'secret ls' | secrets) return ;;
        analyze) values='time blame critical-chain plot dot security dump calendar timespan timestamp verify' ;;
        'analyze calendar') values='minutely hourly daily weekly monthly quarterly semiannually yearly' ;;
        'analyze timespan') return ;;
        'analyze timestamp') values='now today yesterday tomorrow' ;;
        images | save | tag | rmi | history | 'image inspect' | 'image verify') values=$(_supctl_images) ;;
        load | pull | prune | df | 'image prune') return ;;
        verify | import | 'secret create')
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return
                ;;
        start) values=$(_supctl_units --state=inactive,failed) ;;
        unpause | thaw | resume) values=$(_supctl_units --state=paused) ;;
        stop | kill | pause | freeze) values=$(_supctl_units --state=active,activating) ;;
        enable) values=$(_supctl_unit_files --state=disabled) ;;
        disable) values=$(_supctl_unit_files --state=enabled,enabled-runtime,linked) ;;
        unmask) values=$(_supctl_unit_files --state=masked,masked-runtime) ;;
        reenable | preset | is-enabled | revert | mask) values=$(_supctl_unit_files) ;;
        set-default) values=$(_supctl_units '*.target') ;;
        link)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return
                ;;
        daemon-reload | daemon-reexec | version | list-jobs | list-unit-files | preset-all | get-default) return ;;
        set-property)
                # Behind the unit's name come keys; their values are anybody's guess.
                for ((i++; i < cword; i++)); do
                        [[ ${words[i]} != -* ]] || continue
                        values='MemoryMin= MemoryLow= MemoryHigh= MemoryMax= MemorySwapMax= MemoryZSwapMax= MemoryZSwapWriteback=
                                TasksMax= CPUWeight= CPUQuota= CPUQuotaPeriodSec= AllowedCPUs= AllowedMemoryNodes= IOWeight=
                                IODeviceWeight= IOReadBandwidthMax= IOWriteBandwidthMax= IOReadIOPSMax= IOWriteIOPSMax=
                                IODeviceLatencyTargetSec= DevicePolicy= DeviceAllow= Description='
                        compopt -o nospace
                        break
                done
                [[ -n $values ]] || values=$(_supctl_units)
                ;;
        cancel) values=$(supctl "${global[@]}" list-jobs --no-legend --quiet 2>/dev/null | awk '{ print $1 }') ;;
        *) values=$(_supctl_units) ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
}

complete -F _supctl supctl
