"""Files: those that a configuration was read from, in their order."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import functools
import glob
import os
import stat
from typing import Any

from oslo_config import cfg

from imagecache_handlers.exceptions import ConfigurationError

# The group of options that are in none.
DEFAULT = 'DEFAULT'

_FILE = '--config-file'
_FOLDER = '--config-dir'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key of one file, and what it is set to there."""

    path: str
    group: str
    key: str
    text: str


def read_again(
    conf: cfg.ConfigOpts, groups: Mapping[str, list[cfg.Opt]]
) -> cfg.ConfigOpts:
    """Read what ``conf`` has read once more, for those options alone.

    :raises ConfigurationError: when that cannot be done.
    """
    copy = cfg.ConfigOpts()
    for group, opts in groups.items():
        copy.register_opts(opts, group=None if group == DEFAULT else group)
    if not _was_read(conf):
        return copy
    try:
        arguments = [f'{option}={path}' for option, path in named_files(conf)]
        # Asked for nothing but its complaint.
        list(list_paths(conf))
        copy(
            arguments,
            prog='imagecache',
            default_config_files=[],
            default_config_dirs=[],
            use_env=getattr(conf, '_use_env', True),
        )
    except (cfg.Error, OSError, UnicodeDecodeError) as error:
        text = f'cannot read the options again: {error}'
        raise ConfigurationError(text) from error
    return copy


def find_setting(
    conf: cfg.ConfigOpts, names: Iterable[tuple[str, str]]
) -> Setting | None:
    """Find what sets an option that has those groups and keys.

    ``get_location`` will not do: of two files with the same group it always
    names the later.
    """
    for path in reversed(list(list_paths(conf))):
        sections = read_sections(path)
        for group, key in names:
            if key in sections.get(group, {}):
                text = sections[group][key][-1]
                return Setting(path=path, group=group, key=key, text=text)
    return None


def list_paths(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Give every file; what a later one says counts.

    :raises ConfigurationError: when one has nothing to say a second time.
    """
    for option, name in named_files(conf):
        for file in list_files(option, name):
            _refuse_pipe(file)
            yield os.path.abspath(file)


def check_files(arguments: Iterable[str], project: str) -> None:
    """Refuse what cannot be read as it is named, before anybody opens it.

    A file in place of a folder would not be read.  A pipe has nothing to say
    a second time, and keeps who opens it waiting for somebody to write.

    :raises ConfigurationError: naming the first of them.
    """
    for option, name in _files_to_read(arguments, project):
        path = os.path.expanduser(name)
        is_file = os.path.exists(path) and not os.path.isdir(path)
        if option == _FOLDER and is_file:
            raise ConfigurationError(
                f'{path} is not a folder: name a file with {_FILE}'
            )
        for file in list_files(option, name):
            _refuse_pipe(file)


def _refuse_pipe(file: str) -> None:
    with contextlib.suppress(OSError):
        if stat.S_ISFIFO(os.stat(file).st_mode):
            raise ConfigurationError(
                f'{file} is a pipe, and options are read more than once: '
                f'write them to a file'
            )


def find_undecodable(arguments: Iterable[str], project: str) -> str:
    """Name the file that is not text, when reading those has failed.

    The error itself does not tell, and oslo.config keeps nothing of it.
    """
    for option, name in _files_to_read(arguments, project):
        for path in list_files(option, name):
            if not _is_text(path):
                return path
    return 'a configuration file'


def _files_to_read(
    arguments: Iterable[str], project: str
) -> list[tuple[str, str]]:
    """Give those that are named, or else those that oslo.config finds."""
    found = {
        _FILE: cfg.find_config_files(project),
        _FOLDER: cfg.find_config_dirs(project),
    }
    return _put_before(_given_files(arguments), found)


def _is_text(path: str) -> bool:
    try:
        with open(path, encoding='utf-8') as file:
            file.read()
    except UnicodeDecodeError:
        return False
    return True


def list_files(option: str, name: str) -> list[str]:
    path = os.path.expanduser(name)
    # With the very pattern of oslo.config.
    inside = sorted(glob.glob(os.path.join(path, '*.conf')))
    return [path] if option == _FILE else inside


def _was_read(conf: cfg.ConfigOpts) -> bool:
    return 'config_file' in conf


def named_files(conf: cfg.ConfigOpts) -> list[tuple[str, str]]:
    """Give the files and folders that were named, in the order of reading."""
    if not _was_read(conf):
        return []
    public = {
        _FILE: list(conf.config_file or ()),
        _FOLDER: list(conf.config_dirs)
        or [path for path in conf.config_dir or () if os.path.isdir(path)],
    }
    given = _given_files(getattr(conf, '_args', None) or ())
    if any(
        _paths_of(option, given) not in ([], public[option])
        for option in public
    ):
        # Something else than their own words led to them.
        given = []
    return _put_before(given, public)


def _put_before(
    given: list[tuple[str, str]], unnamed: Mapping[str, Iterable[str]]
) -> list[tuple[str, str]]:
    """Add those that nobody named, which are read before all others."""
    return [
        (option, path)
        for option, those in unnamed.items()
        if not _paths_of(option, given)
        for path in those
    ] + given


def _given_files(arguments: Iterable[str]) -> list[tuple[str, str]]:
    """Find the two options in a command line, in the order of that line.

    oslo.config tells it nobody: it has a list of each option.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in _FILE, _FOLDER:
        parser.add_argument(
            option,
            dest='given',
            action='append',
            default=[],
            type=functools.partial(_option_and_path, option),
        )
    found, _ = parser.parse_known_args(list(arguments))
    return list(found.given)


def _option_and_path(option: str, path: str) -> tuple[str, str]:
    return option, path


def _paths_of(option: str, given: Iterable[tuple[str, str]]) -> list[str]:
    return [path for name, path in given if name == option]


def read_sections(path: str) -> dict[str, dict[str, list[str]]]:
    read: dict[str, dict[str, Any]] = {}
    cfg.ConfigParser(path, read).parse()
    sections: dict[str, dict[str, list[str]]] = {}
    for name, keys in read.items():
        # As oslo.config does, for which [ImageCache] is the same group.
        group = name if name == DEFAULT else name.lower()
        section = sections.setdefault(group, {})
        for key, texts in keys.items():
            section.setdefault(key, []).extend(texts)
    return sections
