// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser

/// The parser's script for bash, and what it lacks before it: it takes words as bash splits them (at `=` too, as
/// COMP_WORDBREAKS says), knows no `--option=value`, no default command, and no commands behind `help`.
enum BashCompletion {
    /// The script with that; any other text as it is.
    static func completed(_ text: String, of root: any ParsableCommand.Type) -> String {
        let name = root._commandName
        let last = "complete -o filenames -F _\(name) \(name)"
        guard text.hasPrefix("#!/bin/bash\n"), text.hasSuffix(last) else { return text }
        return text.dropLast(last.count) + function(root, name)
            + "\ncomplete -o filenames -F __\(name)_complete \(name)"
    }

    /// Commands, as cases of what stands before them.
    private static func cases(_ command: any ParsableCommand.Type, below path: String) -> [String] {
        let commands = command.configuration.subcommands
        if commands.isEmpty { return [] }
        let names = commands.map { $0._commandName }.joined(separator: " ")
        return ["        '\(path)') COMPREPLY=($(compgen -W '\(names)' -- \"${cur}\")) ;;"]
            + commands.flatMap { next in
                cases(next, below: path.isEmpty ? next._commandName : "\(path) \(next._commandName)")
            }
    }

    private static func function(_ root: any ParsableCommand.Type, _ name: String) -> String {
        let usual = root.configuration.defaultSubcommand?._commandName ?? ""
        return """
            __\(name)_complete() {
                local IFS=$' \\t\\n'
                local -a words=()
                local -i index
                # What bash took apart is one word where no blank is between.
                local rest="${COMP_LINE:0:COMP_POINT}" word blank lead=''
                for ((index = 0; index <= COMP_CWORD; index++)); do
                    blank="${rest%%[![:blank:]]*}"
                    rest="${rest:${#blank}}"
                    word="${COMP_WORDS[index]}"
                    if ((index == 0)) || [[ -n "${blank}" ]]; then
                        words+=('')
                    fi
                    if ((index == COMP_CWORD)); then
                        # The part of it that stays: the proposals replace what bash takes for the word.
                        [[ -z "${words[-1]}" ]] || lead="${words[-1]}${rest%"${2}"}"
                        word="${2}"
                        words[-1]="${lead}${word}"
                    else
                        words[-1]+="${word}"
                        rest="${rest:${#word}}"
                    fi
                done

                local cur="${words[-1]}" option=''
                case "${words[1]-}" in
                help | --help | -h)
                    if ((${#words[@]} > 2)); then
                        COMPREPLY=()
                        case "${words[*]:2:${#words[@]}-3}" in
            \(cases(root, below: "").joined(separator: "\n"))
                        esac
                        return
                    fi
                    ;;
                esac
                if [[ "${cur}" == --*=* ]]; then
                    option="${cur%%=*}="
                    words[-1]="${option%=}"
                    words+=("${cur#*=}")
                fi
                [[ "${words[1]-}" != -* ]] || words=("${words[0]}" \(usual) "${words[@]:1}")

                local -a COMP_WORDS=("${words[@]}")
                local -i COMP_CWORD=${#words[@]}-1
                local COMP_LINE="${words[*]}"
                local -i COMP_POINT=${#COMP_LINE}
                COMPREPLY=()
                _\(name) "${1}" "${words[-1]}" "${words[-2]-}"
                for index in "${!COMPREPLY[@]}"; do
                    word="${option}${COMPREPLY[index]}"
                    COMPREPLY[index]="${word#"${lead}"}"
                    # It is no file, whose name bash would quote, and its value follows.
                    [[ "${word}" != *=* ]] || compopt +o filenames 2>/dev/null
                    [[ "${word}" != *= ]] || compopt -o nospace 2>/dev/null
                done
            }

            """
    }
}
