"""``imagecache help`` and ``complete``: cliff's own, refusing as ours do."""

import argparse

import cliff.complete
import cliff.help

from imagecache_handlers.frontends.cli.commands.base import Command


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
