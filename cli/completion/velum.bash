# Completion of `velum` for bash: commands, their options, and files where a file is meant.

_velum_words() {
    case $1 in
    '') echo 'init upgrade backup restore key config status credential sample import consent audit policy approval subject certificate request hook message clock help --data --help --version' ;;
    credential) echo 'add list revoke rotate customer' ;;
    consent) echo 'list give withdraw import report' ;;
    audit) echo 'log who-saw explain resolve verify prove' ;;
    policy) echo 'show check apply propose approve activate rollback list diff files shadow' ;;
    approval) echo 'ask list show agree refuse review' ;;
    subject) echo 'erase retained hold release unrestrict merge unmerge' ;;
    certificate) echo 'get verify' ;;
    request) echo 'list show watch add verify approve deny extend fulfil answer task' ;;
    message) echo 'list show' ;;
    hook) echo 'list secret' ;;
    clock) echo 'accept' ;;
    key) echo 'rotate' ;;
    config) echo 'check show' ;;
    help) echo 'init upgrade backup restore key config status credential sample import consent audit policy approval subject certificate request hook message clock' ;;
    init) echo '--kit --sample --customers --seed --help' ;;
    status | 'credential list' | 'policy show') echo '--json --data --help' ;;
    'credential add') echo '--kind --role --activity --domain --store --uid --expires --data --help' ;;
    import) echo '--map --refs-out --domain --json --data --help' ;;
    'consent list') echo '--json --data --help' ;;
    'consent give' | 'consent withdraw') echo '--purpose --language --data --help' ;;
    'consent import') echo '--map --purpose --notice --language --version --source --dry-run --json --data --help' ;;
    'consent report') echo '--min-grade --purpose --json --data --help' ;;
    'credential rotate') echo '--overlap --data --help' ;;
    'audit log') echo '--subject --actor --activity --purpose --field --type --decision --denied --reason --store --since --until --break-glass --shadow --from --limit --json --data --help' ;;
    'audit who-saw') echo '--type --subject --field --since --until --lang --csv --json --data --help' ;;
    'audit explain') echo '--notice --lang --json --data --help' ;;
    'audit resolve') echo '--month --domain --json --data --help' ;;
    'audit verify') echo '--key --seen --json --data --help' ;;
    'audit prove') echo '--json --data --help' ;;
    'subject erase') echo '--category --reason --ask --approval --preview --yes --out --data --help' ;;
    'subject hold' | 'subject release') echo '--data --help' ;;
    'subject unrestrict') echo '--marketing --data --help' ;;
    'subject merge') echo '--activity --ask --approval --data --help' ;;
    'subject unmerge') echo '--activity --ask --approval --data --help' ;;
    'subject retained') echo '--json --data --help' ;;
    'certificate get') echo '--out --data --help' ;;
    'certificate verify') echo '--key --json --help' ;;
    'request list') echo '--state --right --due --json --csv --data --help' ;;
    'request show') echo '--json --data --help' ;;
    'message list') echo '--state --reason --module --json --data --help' ;;
    'message show') echo '--json --data --help' ;;
    'request watch') echo '--state --right --due --interval --times --data --help' ;;
    'request add') echo '--right --identifier-prompt --received --category --jurisdiction --details-file --json --data --help' ;;
    'request verify') echo '--method --data --help' ;;
    'request approve') echo '--approval --data --help' ;;
    'request deny') echo '--reason --note-file --data --help' ;;
    'request extend') echo '--details-file --data --help' ;;
    'request fulfil' | 'request answer') echo '--note-file --data --help' ;;
    'request task') echo '--error --data --help' ;;
    sample) echo '--csv --customers --seed --json --help' ;;
    upgrade) echo '--check --apply --backup --json --data --help' ;;
    backup) echo '--to --keep --status --forget --json --data --help' ;;
    restore) echo '--from --backup --log --json --data --help' ;;
    'key rotate') echo '--to --json --data --help' ;;
    'config check') echo '--json --data --help' ;;
    'config show') echo '--config --json --data --help' ;;
    'hook list') echo '--json --data --help' ;;
    'policy check') echo '--json --help' ;;
    'policy propose') echo '--note --shadow --json --data --help' ;;
    'policy approve') echo '--yes --data --help' ;;
    'policy activate') echo '--at --data --help' ;;
    'policy list' | 'policy diff' | 'policy shadow') echo '--json --data --help' ;;
    'approval ask') echo '--kind --activity --subject --fields --what --reason --data --help' ;;
    'approval list') echo '--state --to-review --kind --activity --json --data --help' ;;
    'approval show') echo '--activity --json --data --help' ;;
    'approval agree' | 'approval refuse' | 'approval review') echo '--activity --data --help' ;;
    *) echo '--data --help' ;;
    esac
}

# The command's words before the one that is completed: "audit log".
_velum_command() {
    local i word command=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --data) ((i++)) ;;
        -*) [ -z "$command" ] || break ;;
        *)
            command=${command:+$command }$word
            case $command in
            key | config | credential | consent | audit | policy | approval | subject | certificate | request | hook | message | clock) ;;
            *) break ;;
            esac
            ;;
        esac
    done
    echo "$command"
}

_velum() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command
    command=$(_velum_command)
    COMPREPLY=()
    case $command$previous in
    backup--to | backup--forget | restore--from | restore--log)
        compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    restore--backup) return ;;
    esac
    case $previous in
    --data | --kit | --backup) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --map | --refs-out | --config | --seen | --note-file | --details-file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --lang) mapfile -t COMPREPLY < <(compgen -W 'zh en' -- "$current"); return ;;
    --min-grade) mapfile -t COMPREPLY < <(compgen -W 'self-verified self assisted imported' -- "$current"); return ;;
    --decision) mapfile -t COMPREPLY < <(compgen -W 'allow partial deny' -- "$current"); return ;;
    --kind) mapfile -t COMPREPLY < <(compgen -W 'service human' -- "$current"); return ;;
    esac
    if [[ $current != -* ]]; then
        case $command in
        import | 'consent import') compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        init | restore | 'audit verify' | 'policy check' | 'policy apply' | 'policy propose' | 'policy diff' | 'policy files')
            compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$(_velum_words "$command")" -- "$current")
}

complete -F _velum velum
