# SPDX-License-Identifier: MIT
# Completion of supctl for bash.

_supctl_units() {
        supctl "${global[@]}" list-units --plain --no-legend --all "$@" 2>/dev/null | awk '{ print $1 }'
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
                [status]='--lines= --json' [start]='--no-block --lines=' [stop]='--no-block'
                [restart]='--no-block --lines=' [try-restart]='--no-block --lines='
                [kill]='--signal= --kill-whom=' [pause]='' [unpause]='' [freeze]='' [thaw]=''
                [logs]='--follow --lines= --since= --until= --output= --json'
                [show]='--property= --value --json' [cat]='' [is-active]='' [is-failed]=''
                [reset-failed]='' [daemon-reload]='--json' [daemon-reexec]=''
                [verify]='--strict --json' [version]='--json' [help]=''
        )

        for ((i = 1; i < cword; i++)); do
                case ${words[i]} in
                --runtime-dir) global=(--runtime-dir "${words[++i]}") ;;
                --runtime-dir=*) global=("${words[i]}") ;;
                -[nsSUop] | --lines | --signal | --kill-whom | --since | --until | --output | --property | --state | --color) ((i++)) ;;
                -*) ;;
                *)
                        verb=${words[i]}
                        break
                        ;;
                esac
        done

        local values=''
        case $prev in
        --kill-whom) values='main all' ;;
        -o | --output) values='short cat json' ;;
        --color) values='auto always never' ;;
        --state) values='active activating deactivating failed inactive paused running exited auto-restart bad-setting' ;;
        -s | --signal) values=$(compgen -A signal | grep ^SIG) ;;
        --since | --until | -S | -U) values='today yesterday now' ;;
        -p | --property) values=$(supctl "${global[@]}" show "$(_supctl_units | head -n 1)" 2>/dev/null | cut -d= -f1) ;;
        -n | --lines) values='10 100 all' ;;
        --runtime-dir)
                compopt -o dirnames
                return
                ;;
        esac
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
        '' | help) values=${!verbs[*]} ;;
        verify)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return
                ;;
        start) values=$(_supctl_units --state=inactive,failed) ;;
        unpause | thaw | resume) values=$(_supctl_units --state=paused) ;;
        stop | kill | pause | freeze) values=$(_supctl_units --state=active,activating) ;;
        daemon-reload | daemon-reexec | version) return ;;
        *) values=$(_supctl_units) ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
}

complete -F _supctl supctl
