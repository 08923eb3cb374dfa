"""Application: the options of all commands, and how these are found."""

import argparse
import difflib
import logging
from typing import Any
from typing import NoReturn

import cliff.app
import cliff.command
import cliff.commandmanager

from imagecache_handlers import entry_points
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import HandlerLoadError
from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.exceptions import StoreNotFound
from imagecache_handlers.frontends.cli.exit_codes import MISUSED
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.pages import text
from imagecache_handlers.version import VERSION

COMMANDS = 'imagecache.cli'

_MISUSES = (
    ConfigurationError,
    HandlerLoadError,
    HandlerNotFound,
    StoreNotFound,
)


class Parser(argparse.ArgumentParser):
    """One that says in one line what is wrong, and where to look."""

    def error(self, message: str) -> NoReturn:
        said = text.printable(message)
        self.exit(MISUSED, f'{self.prog}: {said}; see {self.prog} --help\n')


class Commands(cliff.commandmanager.CommandManager):
    """The installed commands, none of which is imported unless it is run."""

    def load_commands(self, namespace: str) -> None:
        self.group_list.append(namespace)
        for point in entry_points.list_entry_points(namespace):
            self.commands[point.name.replace('_', ' ')] = point

    def add_command(
        self, name: str, command_class: type[cliff.command.Command]
    ) -> None:
        # cliff has some of its own, which our namesakes go before.
        if name not in self.commands:
            super().add_command(name, command_class)


class OneLine(logging.Formatter):
    """What a library has to say, in one line and without its controls."""

    at_length = False  # the way to an error, too

    def format(self, record: logging.LogRecord) -> str:
        said = text.printable(record.getMessage())
        if record.levelno < logging.ERROR:
            said = f'{record.levelname.lower()}: {said}'
        if record.exc_info and self.at_length:
            lines = self.formatException(record.exc_info).splitlines()
            said = '\n'.join([said, *map(text.printable, lines)])
        return f'imagecache: {said}'


class App(cliff.app.App):
    """See what is cached, why it stays, and free what may go."""

    NAME = 'imagecache'
    LOG = logging.getLogger('imagecache')

    def __init__(self) -> None:
        super().__init__(
            description=type(self).__doc__,
            version=VERSION,
            command_manager=Commands(COMMANDS),
            deferred_help=True,
        )
        self.error: BaseException | None = None

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> argparse.ArgumentParser:
        # Options are found anywhere in the line, so none may be shortened:
        # the commands have options of their own.
        parser = Parser(
            prog=self.NAME,
            description=description,
            add_help=False,
            allow_abbrev=False,
        )
        parser.add_argument(
            '--version', action='version', version=f'{self.NAME} {version}'
        )
        parser.add_argument(
            '-h',
            '--help',
            dest='deferred_help',
            action='store_true',
            help='show this; after a command, show its help',
        )
        parser.add_argument(
            '--debug',
            action='store_true',
            help='show the traceback of an error',
        )
        options.add_to(parser)
        return parser

    def configure_logging(self) -> None:
        console = logging.StreamHandler(self.stderr)
        formatter = OneLine()
        formatter.at_length = self.options.debug
        console.setFormatter(formatter)
        logging.getLogger().addHandler(console)
        # What it finds in an image is told as the reason of a refusal.
        logging.getLogger('oslo_utils.imageutils').setLevel(logging.ERROR)
        if self.options.debug:
            # Ours alone: what plug-ins are looked for is told at length.
            logging.getLogger('imagecache_handlers').setLevel(logging.DEBUG)

    def interact(self) -> None:
        self.parser.error('name a command')

    def run_subcommand(self, argv: list[str]) -> int:
        words = argv[1:] if argv[0] == 'help' else argv
        try:
            if words:
                self.command_manager.find_command(words)
        except ValueError:
            self._refuse_word(words[0])
        result = super().run_subcommand(argv)
        return MISUSED if isinstance(self.error, _MISUSES) else result

    def _refuse_word(self, word: str) -> NoReturn:
        if word.startswith('-'):
            near = _nearest_word(word, self.parser)
            self.parser.error(
                f'{word} is unknown here{near}; options of a command follow it'
            )
        known = [name for name, _ in self.command_manager]
        longer = [name for name in known if name.startswith(f'{word} ')]
        those = longer or difflib.get_close_matches(word, known)
        meant = f': did you mean {" or ".join(those)}?' if those else ''
        self.parser.error(f'{word or "nothing"} is not a command{meant}')

    def clean_up(
        self,
        cmd: cliff.command.Command,
        result: int,
        err: BaseException | None,
    ) -> None:
        self.error = err


def _nearest_word(word: str, parser: argparse.ArgumentParser) -> str:
    known = [one for act in parser._actions for one in act.option_strings]
    near = difflib.get_close_matches(word.partition('=')[0], known, n=1)
    return f': did you mean {near[0]}?' if near else ''
