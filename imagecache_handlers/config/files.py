"""Files: those that a configuration was read from, in their order."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import difflib
import functools
import glob
import os
import stat
from typing import Any

from oslo_config import cfg

from imagecache_handlers.exceptions import ConfigurationError

_FILE = '--config-file'
_FOLDER = '--config-dir'

_HANDLERS = 'imagecache_'
# A group whose name is that near to one of ours is ours, misspelt ...
_ALIKE = 0.85
# ... except Nova's own.
_OTHERS = frozenset({'image_cache'})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key of one file, and what it is set to there."""

    path: str
    group: str
    key: str
    text: str


def reread(
    conf: cfg.ConfigOpts, group: str, opts: list[cfg.Opt]
) -> cfg.ConfigOpts:
    """Read what ``conf`` has read once more, for those options alone.

    :raises ConfigurationError: when that cannot be done.
    """
    copy = cfg.ConfigOpts()
    copy.register_opts(opts, group=group)
    if not _was_read(conf):
        return copy
    try:
        arguments = [f'{option}={path}' for option, path in _named_files(conf)]
        # Asked for nothing but its complaint.
        list(paths(conf))
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


def find(
    conf: cfg.ConfigOpts, names: Iterable[tuple[str, str]]
) -> Setting | None:
    """Find what sets an option that has those groups and keys.

    ``get_location`` will not do: of two files with the same group it always
    names the later.
    """
    for path in reversed(list(paths(conf))):
        sections = _read_sections(path)
        for group, key in names:
            if key in sections.get(group, {}):
                text = sections[group][key][-1]
                return Setting(path=path, group=group, key=key, text=text)
    return None


def unknown(
    conf: cfg.ConfigOpts, known: Mapping[str, Iterable[str]]
) -> list[str]:
    """Name what is misspelt: keys of known groups, and groups like them."""
    return [
        problem
        for path in paths(conf)
        for group, keys in _read_sections(path).items()
        for problem in _misspelt_keys(path, group, keys, known)
    ]


def misplaced(
    conf: cfg.ConfigOpts, group: str, names: Iterable[str], theirs: str
) -> list[str]:
    """Name the options of a group of ours that stand in another's."""
    ours = frozenset(names)
    return [
        f'{path}: [{theirs}] {key} is an option of [{group}]: move it there'
        for path in paths(conf)
        for key in _read_sections(path).get(theirs, {})
        if key in ours
    ]


def _misspelt_keys(
    path: str,
    group: str,
    keys: Iterable[str],
    known: Mapping[str, Iterable[str]],
) -> Iterator[str]:
    if group in known:
        for key in keys:
            if key not in known[group]:
                near = _nearest_key(key, known[group])
                yield f'{path}: [{group}] {key} is not an option{near}'
    elif group not in _OTHERS and (near := _near_group(group, known)):
        yield f'{path}: [{group}] is not a group of options{near}'


def repeated(
    conf: cfg.ConfigOpts, single: Mapping[str, Iterable[str]]
) -> list[str]:
    """Name what is set twice where one of the two would be ignored.

    ``single`` has the keys of each group that have one value.  A file that
    is named later may change what an earlier one says; that one file does,
    or one of two in a folder, nobody means.
    """
    problems: list[str] = []
    for option, name in _named_files(conf):
        files = _default_files(option, name)
        # The files of a folder are one; so is each that is named itself.
        problems += _repeated_keys(
            [os.path.abspath(file) for file in files], single
        )
    return problems


def _repeated_keys(
    files: Iterable[str], single: Mapping[str, Iterable[str]]
) -> Iterator[str]:
    earlier: dict[tuple[str, str], tuple[str, str]] = {}
    for path in files:
        sections = _read_sections(path)
        for group, key in _single_keys(sections, single):
            texts = sections[group][key]
            if len(texts) > 1:
                yield (
                    f'{path}: [{group}] {key} is set {len(texts)} times: '
                    f'keep one of these lines'
                )
            before, where = earlier.setdefault((group, key), (texts[-1], path))
            if where != path and before != texts[-1]:
                yield (
                    f'[{group}] {key} is set in {where} and otherwise in '
                    f'{path}: keep one of the two'
                )


def _single_keys(
    sections: Mapping[str, Mapping[str, object]],
    single: Mapping[str, Iterable[str]],
) -> Iterator[tuple[str, str]]:
    for group, keys in single.items():
        for key in keys:
            if key in sections.get(group, {}):
                yield group, key


def paths(conf: cfg.ConfigOpts) -> Iterator[str]:
    """Give every file; what a later one says counts.

    :raises ConfigurationError: when one has nothing to say a second time.
    """
    for option, name in _named_files(conf):
        for file in _default_files(option, name):
            if stat.S_ISFIFO(os.stat(file).st_mode):
                raise ConfigurationError(
                    f'{file} is a pipe, and options are read more than '
                    f'once: write them to a file'
                )
            yield os.path.abspath(file)


def check_folders(arguments: Iterable[str]) -> None:
    """Refuse files that were named as folders: they would not be read.

    :raises ConfigurationError: naming the first of them.
    """
    for option, name in _given_files(arguments):
        path = os.path.expanduser(name)
        is_file = os.path.exists(path) and not os.path.isdir(path)
        if option == _FOLDER and is_file:
            raise ConfigurationError(
                f'{path} is not a folder: name a file with {_FILE}'
            )


def undecodable(arguments: Iterable[str], project: str) -> str:
    """Name the file that is no text, when reading those has failed.

    The error itself does not tell, and oslo.config keeps nothing of it.
    """
    folders = [(_FOLDER, path) for path in cfg.find_config_dirs(project)]
    files = [(_FILE, path) for path in cfg.find_config_files(project)]
    for option, name in _given_files(arguments) or files + folders:
        for path in _default_files(option, name):
            if not _is_text(path):
                return path
    return 'a configuration file'


def _is_text(path: str) -> bool:
    try:
        with open(path, encoding='utf-8') as file:
            file.read()
    except UnicodeDecodeError:
        return False
    return True


def _default_files(option: str, name: str) -> list[str]:
    path = os.path.expanduser(name)
    # With the very pattern of oslo.config.
    inside = sorted(glob.glob(os.path.join(path, '*.conf')))
    return [path] if option == _FILE else inside


def _was_read(conf: cfg.ConfigOpts) -> bool:
    return 'config_file' in conf


def _named_files(conf: cfg.ConfigOpts) -> list[tuple[str, str]]:
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
    # Those that nobody named are read before all others.
    return [
        (option, path)
        for option, those in public.items()
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


def _read_sections(path: str) -> dict[str, dict[str, list[str]]]:
    read: dict[str, dict[str, Any]] = {}
    cfg.ConfigParser(path, read).parse()
    sections: dict[str, dict[str, list[str]]] = {}
    for name, keys in read.items():
        # As oslo.config does, for which [ImageCache] is the same group.
        group = name if name == 'DEFAULT' else name.lower()
        section = sections.setdefault(group, {})
        for key, texts in keys.items():
            section.setdefault(key, []).extend(texts)
    return sections


def _near_group(group: str, known: Iterable[str]) -> str:
    if not group.startswith(_HANDLERS):
        return _nearest_key(group, known, _ALIKE)
    # Of another handler's only what follows tells them apart.
    names = [one for one in known if one.startswith(_HANDLERS)]
    ends = {one.removeprefix(_HANDLERS): one for one in names}
    end = group.removeprefix(_HANDLERS)
    near = difflib.get_close_matches(end, ends, n=1, cutoff=_ALIKE)
    return f': did you mean {ends[near[0]]}?' if near else ''


def _nearest_key(key: str, known: Iterable[str], alike: float = 0.6) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=alike)
    return f': did you mean {near[0]}?' if near else ''
