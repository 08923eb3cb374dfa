"""Mistakes: keys that are misspelt, misplaced or, in a file, set twice.

oslo.config ignores the first two in silence, and of the third all but one: a
protected pattern under a misspelt name protects nothing.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import os
import re

from oslo_config import cfg

from imagecache_handlers.config import files
from imagecache_handlers.config import nova
from imagecache_handlers.config.options import GROUP

Groups = Iterable[tuple[str, Iterable[cfg.Opt]]]

_HANDLERS = 'imagecache_'
# What oslo.config reads as OS_<GROUP>__<KEY>, for groups such as ours.
_VARIABLE = re.compile('OS_(IMAGECACHE[A-Z0-9_]*?)__([A-Z0-9_]+)')
# A group whose name is that near to one of ours is ours, misspelt ...
_ALIKE = 0.85
# ... except Nova's own.
_OTHERS = frozenset({nova.GROUP})


def find_unknown(conf: cfg.ConfigOpts, groups: Groups) -> list[str]:
    """Name every key in the files, or the environment, that its group lacks.

    ``groups`` are those of all that is installed.  A group whose name is all
    but one of theirs is named, too, and so is one of our keys in the group
    of Nova that is called nearly as ours.
    """
    known = {group: {opt.dest for opt in opts} for group, opts in groups}
    in_files = [
        problem
        for path in files.list_paths(conf)
        for group, keys in files.read_sections(path).items()
        for problem in (
            *_misspelt_keys(path, group, keys, known),
            *_misplaced_keys(path, group, keys, known),
        )
    ]
    return [*in_files, *_misspelt_variables(known)]


def _misspelt_variables(known: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for name in sorted(os.environ):
        if meant := _VARIABLE.fullmatch(name):
            group, key = meant.group(1).lower(), meant.group(2).lower()
            where = f'the environment variable {name}'
            yield from _misspelt_keys(where, group, [key], known)


def _misplaced_keys(
    path: str,
    group: str,
    keys: Iterable[str],
    known: Mapping[str, Iterable[str]],
) -> Iterator[str]:
    if group != nova.GROUP:
        return
    only_ours = set(known.get(GROUP, ())) - nova.NAMES
    for key in keys:
        if key in only_ours:
            yield (
                f'{path}: [{group}] {key} is an option of [{GROUP}]: move it '
                f'there'
            )


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


def find_repeated(conf: cfg.ConfigOpts, groups: Groups) -> list[str]:
    """Name every option of one value that is set twice.

    Of those which take several values all count, wherever they stand.  A
    file that is named later may change what an earlier one says; that one
    file does, or one of two in a folder, nobody means.
    """
    single = {
        group: [opt.dest for opt in opts if not opt.multi]
        for group, opts in groups
    }
    problems: list[str] = []
    for option, name in files.named_files(conf):
        inside = files.list_files(option, name)
        # The files of a folder are one; so is each that is named itself.
        problems += _repeated_keys(
            [os.path.abspath(file) for file in inside], single
        )
    return problems


def _repeated_keys(
    paths: Iterable[str], single: Mapping[str, Iterable[str]]
) -> Iterator[str]:
    earlier: dict[tuple[str, str], tuple[str, str]] = {}
    for path in paths:
        sections = files.read_sections(path)
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


def _near_group(group: str, known: Iterable[str]) -> str:
    if not group.startswith(_HANDLERS):
        return _nearest_key(group, known, _ALIKE)
    # Of another handler's only what follows tells them apart.
    names = [one for one in known if one.startswith(_HANDLERS)]
    ends = {one.removeprefix(_HANDLERS): one for one in names}
    near = _find_closest(group.removeprefix(_HANDLERS), ends, _ALIKE)
    return f': did you mean {ends[near]}?' if near else ''


def _nearest_key(key: str, known: Iterable[str], alike: float = 0.6) -> str:
    near = _find_closest(key, known, alike)
    return f': did you mean {near}?' if near else ''


def _find_closest(name: str, known: Iterable[str], alike: float) -> str | None:
    # Only where something is wrong: a command begins sooner without it.
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=alike)
    return near[0] if near else None
