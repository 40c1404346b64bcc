# SPDX-License-Identifier: BSD-2-Clause
# Completion of awstap's commands and options; names of keys are asked of an agent that runs already.

_awstap_keys()
{
    awstap status >/dev/null 2>&1 || return
    awstap key list 2>/dev/null | awk 'NR > 1 && $1 !~ /:$/ { print $1 }'
}

_awstap_hosts()
{
    awstap status >/dev/null 2>&1 || return
    awstap socket list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_awstap_profiles()
{
    sed -n 's/^\[profile  *\([A-Za-z0-9._@+-]*\)\].*/\1/p' "${AWS_CONFIG_FILE:-$HOME/.aws/config}" 2>/dev/null
}

_awstap_credentials()
{
    sed -n 's/^\[\([A-Za-z0-9._@+-]*\)\].*/\1/p' "${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}" 2>/dev/null
}

_awstap()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=
    local command=${COMP_WORDS[1]} second=${COMP_WORDS[2]}

    COMPREPLY=()
    case $prev in
    --device | --ca-bundle | --credentials)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --admin)
        mapfile -t COMPREPLY < <(compgen -W "$(_awstap_profiles)" -- "$cur")
        return
        ;;
    --allow)
        mapfile -t COMPREPLY < <(compgen -W "$(_awstap_profiles) $(_awstap_keys)" -- "$cur")
        return
        ;;
    --*) [[ $prev == --json || $prev == --totp || $prev == --dry-run || $prev == --bootstrap || $prev == --unattended-rotation || $prev == --verify || $prev == --due || $prev == --replace || $prev == --all || $prev == --rewrite || $prev == --no-rewrite || $prev == --burn || $prev == --no-burn ]] || return ;;
    esac
    if ((COMP_CWORD == 1)); then
        words='factor key mfa get exec status doctor lock log socket revoke iam-policy vault --help --version'
    else
        case $command in
        factor | key | mfa | socket | vault) ((COMP_CWORD == 2)) || command="$command $second" ;;
        esac
        case $command in
        factor) words='add list remove' ;;
        key) words='add import list show set rotate remove' ;;
        mfa) words='add import code remove' ;;
        socket) words='add list remove' ;;
        vault) words='export import adopt' ;;
        'vault import') words=--replace ;;
        log) words='--lines --json --verify' ;;
        revoke) words="--admin --discard --dry-run $(_awstap_keys)" ;;
        iam-policy) words='--bootstrap --unattended-rotation --partition' ;;
        'socket add') words='--allow --max-duration' ;;
        'socket remove') words=$(_awstap_hosts) ;;
        'factor add') words='fido2 passphrase recovery --label --device --totp' ;;
        'factor remove') words='--burn --no-burn' ;;
        'factor list' | 'key list' | 'socket list' | status | doctor) words=--json ;;
        'key add') words='--region --mfa-serial --sts-endpoint-url --iam-endpoint-url --ca-bundle' ;;
        'key import')
            words="--all --credentials --rewrite --no-rewrite --burn --no-burn $(_awstap_credentials)"
            ;;
        'key show') words="--json $(_awstap_keys)" ;;
        'key set')
            words="touch=session touch=use serve=any serve=roles duration= max_duration= lock_on=
                rotate_every= grace= $(_awstap_keys)"
            ;;
        'key rotate') words="--due --discard $(_awstap_keys)" ;;
        'key remove' | 'mfa code' | 'mfa remove') words=$(_awstap_keys) ;;
        'mfa add') words="--replace $(_awstap_keys)" ;;
        'mfa import') words="--mfa-serial $(_awstap_keys)" ;;
        get | exec)
            words="--role-arn --duration-seconds --external-id --role-session-name --source-identity --tag
                --transitive-tag --policy --policy-arn --region $(_awstap_profiles) $(_awstap_keys)"
            ;;
        esac
        words+=' --help'
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -o bashdefault -o default -F _awstap awstap
