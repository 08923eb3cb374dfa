"""``imagecache new-handler``: a package to begin a handler with."""

import argparse
import importlib.resources
import keyword
import pathlib
import re

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.base import Command
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.loader import available
from imagecache_handlers.loader import HANDLERS

TEMPLATE = 'imagecache_handlers.testing.template'

_NAME = re.compile('[a-z][a-z0-9_]{0,39}')

_PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "imagecache-{name}"
version = "0.1"
dependencies = ["imagecache-handlers"]

[project.entry-points.imagecache_handlers]
{name} = "imagecache_{name}.handler:{title}Handler"

[project.entry-points."oslo.config.opts"]
imagecache_{name} = "imagecache_{name}.opts:list_opts"

[tool.setuptools]
packages = ["imagecache_{name}"]
"""

_NEXT = """\
{folder} is a handler for folders, to be replaced piece by piece:
  cd {folder}
  python -m pip install --editable .
  imagecache handlers
  imagecache conformance tests.test_handler
"""


class NewHandler(Command):
    """Write the package of a new handler: installable, and kept to its kit."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'name', help='by which operators choose it: a-z 0-9 _'
        )
        parser.add_argument(
            '--into',
            metavar='FOLDER',
            default='.',
            help='where the folder imagecache-NAME is made (default: here)',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        name = check_name(parsed_args.name)
        folder = pathlib.Path(parsed_args.into, f'imagecache-{name}')
        write_package(folder, name)
        for line in _NEXT.format(folder=printable(str(folder))).splitlines():
            self.say(line)


def check_name(name: str) -> str:
    """Refuse what cannot name a package, or names a handler already."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigurationError(
            f'{printable(name)} cannot name a handler: use 1 to 40 of '
            f'a-z 0-9 _, first a letter'
        )
    # Its package would take the place of one of this library.
    if f'{name}_'.startswith('handlers_'):
        raise ConfigurationError(
            f'a package for {name} would replace one of this library: choose '
            f'a name that does not begin with handlers'
        )
    if name in available(HANDLERS):
        raise ConfigurationError(
            f'a handler {name} is installed already: choose another name'
        )
    return name


def write_package(folder: pathlib.Path, name: str) -> None:
    """Write all files of the package into a folder that is made for it."""
    try:
        folder.mkdir(parents=True)
        for path, text in _make_files(name).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding='utf-8')
    except OSError as error:
        raise ConfigurationError(
            f'the package cannot be written: {printable(str(error))}'
        ) from error


def _make_files(name: str) -> dict[str, str]:
    """Give the text of each file by its path."""
    package = f'imagecache_{name}'
    return {
        'pyproject.toml': _PROJECT.format(name=name, title=_title_of(name)),
        f'{package}/__init__.py': _rename(_read('__init__.py'), name),
        f'{package}/handler.py': _rename(_read('handler.py'), name),
        f'{package}/opts.py': _rename(_read('opts.py'), name),
        'tests/__init__.py': '',
        'tests/test_handler.py': _rename(_read('kit.py'), name),
    }


def _read(module: str) -> str:
    file = importlib.resources.files(TEMPLATE) / module
    return file.read_text(encoding='utf-8')


def _rename(text: str, name: str) -> str:
    """Have the template speak of the new package and its handler."""
    for old, new in {
        TEMPLATE: f'imagecache_{name}',
        'imagecache_shelf': f'imagecache_{name}',
        'ShelfHandler': f'{_title_of(name)}Handler',
        'TestShelf': f'Test{_title_of(name)}',
        '``shelf``': f'``{name}``',
    }.items():
        text = text.replace(old, new)
    return text


def _title_of(name: str) -> str:
    return ''.join(part.capitalize() for part in name.split('_'))
