"""``imagecache help`` and ``complete``: cliff's own, refusing as ours do."""

import argparse

import cliff.complete
import cliff.help

from imagecache_handlers.frontends.cli.commands.base import Command

# Where an image may be named, those that the options of the line lead to; of
# a cache that does not answer within seconds nobody waits for the others.
_IDS = r"""
_@NAME@_images() {
  _@NAME@
  local cur="${COMP_WORDS[COMP_CWORD]}"
  local at word command="" options=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="${COMP_WORDS[at]}"
    case "${word}" in
      --config-file | --config-dir | --handler | --store)
        options+=("${word}")
        at=$((at + 1))
        if [[ "${COMP_WORDS[at]}" == "=" ]]; then
          at=$((at + 1))
        fi
        if [[ ${at} -ge ${COMP_CWORD} ]]; then
          return 0
        fi
        options+=("${COMP_WORDS[at]/#\~/${HOME}}")
        ;;
      -*) ;;
      *) command="${command:-${word}}" ;;
    esac
  done
  case "${command}" in
    evict | hold | pin | release | show | unpin | verify) ;;
    *) return 0 ;;
  esac
  if [[ "${cur}" == -* ]]; then
    return 0
  fi
  COMPREPLY=($(compgen -W "$(timeout 5 "${COMP_WORDS[0]}" "${options[@]}" \
    list -f value -c image 2>/dev/null)" -- "${cur}"))
  return 0
}
complete -F _@NAME@_images @NAME@
"""


class Help(Command, cliff.help.HelpCommand):
    """Show the commands, or the help of one of them."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'cmd', nargs='*', metavar='COMMAND', help='the name of a command'
        )
        return parser


class Complete(Command, cliff.complete.CompleteCommand):
    """Write what lets bash complete the commands and their options."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--name',
            metavar='NAME',
            help='what the command is called, if not imagecache',
        )
        parser.add_argument(
            '--shell',
            default='bash',
            choices=sorted(self._formatters.names()),
            help='bash; none for the words alone',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        done = super().take_action(parsed_args)
        if parsed_args.shell == 'bash':
            name = parsed_args.name or self.app.NAME
            self.app.stdout.write(_IDS.replace('@NAME@', name))
        return done
