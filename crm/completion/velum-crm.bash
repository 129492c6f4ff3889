# Completion of `velum-crm` for bash.

_velum_crm_words() {
    local usual='--data --token-file --activity --help'
    case $1 in
    '') echo 'orders winback counts --help --version' ;;
    orders) echo 'load' ;;
    'orders load') echo "--map --rejects --json $usual" ;;
    winback) echo "--days --once --sha256 $usual" ;;
    counts) echo "--json $usual" ;;
    esac
}

_velum_crm() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=''
    ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}
    ((COMP_CWORD > 2)) && [[ $command == orders ]] && command+=" ${COMP_WORDS[2]}"
    COMPREPLY=()
    case $previous in
    --data) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --map | --rejects | --token-file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    esac
    if [[ $current != -* && $command == 'orders load' ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$(_velum_crm_words "$command")" -- "$current")
}

complete -F _velum_crm velum-crm
