//! What a shell loads.

use clap::ValueEnum;

/// The shells that are completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Completed {
    /// GNU Bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

/// The script for a shell. It knows nothing of the command line: it asks `conex` from the search
/// path, whatever was typed for it, for one line that says what follows (`values`, `files`,
/// `directories`), and for one value a line.
pub fn script(shell: Completed) -> &'static str {
    match shell {
        Completed::Bash => BASH,
        Completed::Zsh => ZSH,
        Completed::Fish => FISH,
    }
}

/// No value holds a character that `$(…)` without quotes would do something with.
const BASH: &str = r#"# Completes `conex` in bash.
_conex() {
    local IFS=$'\n' at=${COMP_WORDS[COMP_CWORD]} said
    case $at in
        [=:]*) ;;
        *) at=$2 ;;
    esac
    said=($(command conex completions bash -- "${COMP_WORDS[@]:0:COMP_CWORD}" "$at" 2> /dev/null))
    COMPREPLY=("${said[@]:1}")
    case ${said[0]-} in
        files) compopt -o default ;;
        directories) compopt -o dirnames ;;
    esac
    if [ "${#COMPREPLY[@]}" = 1 ]; then
        case $COMPREPLY in
            *[.=:/]) compopt -o nospace ;;
        esac
    fi
} 2> /dev/null
complete -F _conex conex
"#;

const ZSH: &str = r#"#compdef conex
# Completes `conex` in zsh.
_conex() {
    local -a said plain open
    local line
    said=("${(@f)$(command conex completions zsh -- "${(@)words[1,CURRENT-1]}" "$PREFIX" 2> /dev/null)}")
    case $said[1] in
        values)
            for line in "${(@)said[2,-1]}"; do
                case $line in
                    *[.=:/]) open+=("$line") ;;
                    *) plain+=("$line") ;;
                esac
            done
            (( $#plain )) && _describe -V value plain
            (( $#open )) && _describe -V value open -S ''
            ;;
        files | directories)
            [[ $PREFIX == --*=* ]] && compset -P '*='
            if [[ $said[1] == files ]]; then _files; else _files -/; fi
            ;;
    esac
}
if [ "$funcstack[1]" = _conex ]; then
    _conex "$@"
else
    compdef _conex conex
fi
"#;

const FISH: &str = r#"# Completes `conex` in fish.
function __conex_complete
    # Of a command that is not there fish speaks, whatever it is told.
    command --query conex; or return
    set -l current (commandline --current-token --cut-at-cursor)
    set -l said (command conex completions fish -- (commandline --current-process --tokenize --cut-at-cursor) "$current" 2> /dev/null)
    switch "$said[1]"
        case values
            printf '%s\n' $said[2..-1]
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current" ''
    end
end
complete --command conex --no-files --arguments '(__conex_complete)'
"#;
