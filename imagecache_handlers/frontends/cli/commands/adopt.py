"""``imagecache adopt``: files become images where they lie."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import os
import sys
from typing import Any

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.strangers import Stranger
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.confirm import agreed
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.exit_codes import NONE
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers import units

_LEFT = 'left alone'
_REFUSED = 'refused'
_WOULD = 'would be adopted'
_ADOPTED = 'adopted'
_NO_DISK = 'it begins as no disk does: name it, if it is an image'
_OF_NOVA = (
    'Nova names the files here: each that is named by the sha1 of an image id '
    'is an image already, and there is nothing to adopt'
)
_OF_OTHERS = 'only files of the handler directory can be adopted'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What becomes of one file; ``why``, unless it is an image then."""

    file: Stranger
    image_id: str
    did: str = ''
    why: str = ''


class Adopt(Paged):
    """Make images of files that lie in a store already.

    Nothing is copied, and owner and mode stay. They may be evicted later, as
    all images: never adopt what is not in the image service too, or cannot be
    had again. Ends with 0 if all are images then, with 1 if some are, with 3
    if none is.
    """

    columns = ('file', 'store', 'size', 'image', 'did', 'detail')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'files',
            nargs='*',
            metavar='FILE',
            help='the name of a file in a store, or its path',
        )
        parser.add_argument(
            '--all',
            action='store_true',
            help='whatever begins as a disk does, or a CD',
        )
        parser.add_argument(
            '--id',
            type=arguments.image,
            metavar='ID',
            dest='image_id',
            help='the one file is this image; it is renamed, if nobody has it',
        )
        parser.add_argument(
            '--dry-run',
            action='store_true',
            help='only tell what would be adopted',
        )
        parser.add_argument(
            '--yes', action='store_true', help='take it as confirmed'
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        _check_arguments(parsed_args)
        with self.opened() as site:
            handler = _take_handler(site)
            problems, found = _list_strangers(site, handler)
            self.complain(problems)
            chosen = _choose_files(handler, found, parsed_args)
            planned = [
                _check_one(handler, one, is_named=not parsed_args.all)
                for one in chosen
            ]
            if parsed_args.dry_run:
                return _answer(planned, bool(problems))
            due = [one for one in planned if one.did == _WOULD]
            if due and not self._is_agreed(planned, yes=parsed_args.yes):
                told = lines.line('Nothing was changed.')
                return Answer(rows=(), page=[told], code=FAILED)
            done = [_adopt_one(handler, one) for one in planned]
        return _answer(done, bool(problems))

    def _is_agreed(self, planned: Collection[Adoption], *, yes: bool) -> bool:
        due = [one for one in planned if one.did == _WOULD]
        if not yes and sys.stdin is not None and sys.stdin.isatty():
            lines.write(_page_lines(planned), self.app.stderr)
        size = units.size(sum(one.file.size for one in due))
        what = 'file' if len(due) == 1 else 'files'
        question = (
            f'Adopt {len(due)} {what} ({size})? They may be evicted later, '
            f'once nobody is seen to use them.'
        )
        return agreed(question, yes=yes)


def _check_arguments(options: argparse.Namespace) -> None:
    if bool(options.files) == options.all:
        raise ConfigurationError('name some files, or --all of them')
    if options.image_id is not None and len(options.files) != 1:
        raise ConfigurationError('--id is that of one file: name it')


def _take_handler(site: OpenedCache) -> DirectoryHandler:
    handler = site.handler
    if not isinstance(handler, DirectoryHandler):
        raise ConfigurationError(_OF_OTHERS)
    if not handler.has_strangers:
        raise ConfigurationError(_OF_NOVA)
    return handler


def _list_strangers(
    site: OpenedCache, handler: DirectoryHandler
) -> tuple[dict[str, str], list[Stranger]]:
    """List them in each store; and what keeps a store from being read."""
    problems: dict[str, str] = {}
    found: list[Stranger] = []
    for store in site.cache.stores(site.stores):
        if store.problem:
            problems[store.name] = store.problem
            continue
        try:
            found += handler.strangers(store.name)
        except CacheError as error:
            problems[store.name] = str(error)
    return problems, found


def _choose_files(
    handler: DirectoryHandler,
    found: Collection[Stranger],
    options: argparse.Namespace,
) -> list[Adoption]:
    if options.all:
        return [Adoption(file=one, image_id=one.name) for one in found]
    chosen = dict.fromkeys(options.files)
    return [
        Adoption(
            file=(one := _find_file(handler, found, said)),
            image_id=options.image_id or one.name,
        )
        for said in chosen
    ]


def _find_file(
    handler: DirectoryHandler, found: Iterable[Stranger], said: str
) -> Stranger:
    """Find the file that is meant; it may be none, which is told later.

    :raises ConfigurationError: when it may be several, or lies elsewhere.
    """
    folder, name = os.path.split(said)
    stores = [
        one for one in handler.paths if not folder or _is_same(folder, one)
    ]
    those = [one for one in found if one.name == name and one.store in stores]
    if len(those) > 1:
        several = ', '.join(printable(one.store) for one in those)
        raise ConfigurationError(
            f'{printable(said)} lies in {several}: name one --store'
        )
    if those:
        return those[0]
    if len(stores) == 1:
        return Stranger(store=stores[0], name=name, size=0)
    raise ConfigurationError(
        f'{printable(said)} lies in no store: see imagecache list'
    )


def _is_same(folder: str, store: str) -> bool:
    try:
        return os.path.samefile(folder, store)
    except OSError:
        return False


def _check_one(
    handler: DirectoryHandler, one: Adoption, *, is_named: bool
) -> Adoption:
    file = one.file
    try:
        if not is_named and not handler.looks_like_disk(file.store, file.name):
            return dataclasses.replace(one, did=_LEFT, why=_NO_DISK)
        handler.check_adoption(file.store, file.name, one.image_id)
    except CacheError as error:
        return dataclasses.replace(one, did=_REFUSED, why=_explain(error))
    return dataclasses.replace(one, did=_WOULD)


def _adopt_one(handler: DirectoryHandler, one: Adoption) -> Adoption:
    if one.did != _WOULD:
        return one
    try:
        handler.adopt(one.file.store, one.file.name, one.image_id)
    except CacheError as error:
        return dataclasses.replace(one, did=_REFUSED, why=_explain(error))
    return dataclasses.replace(one, did=_ADOPTED)


def _explain(error: CacheError) -> str:
    """Say what is wrong, without the name that stands beside it."""
    why = getattr(error, 'why', '')
    return why or str(error)


def _answer(done: Collection[Adoption], is_partial: bool) -> Answer:
    asked = [one for one in done if one.did != _LEFT]
    good = [one for one in asked if one.did != _REFUSED]
    code = FAILED if is_partial or len(good) < len(asked) else 0
    if asked and not good:
        code = NONE
    return Answer(rows=_rows_of(done), page=_page_lines(done), code=code)


def _rows_of(done: Iterable[Adoption]) -> Iterator[tuple[Any, ...]]:
    for one in done:
        file = one.file
        place = printable(file.name), printable(file.store), Size(file.size)
        yield (*place, printable(one.image_id), one.did, printable(one.why))


def _page_lines(done: Collection[Adoption]) -> Iterator[lines.Line]:
    if not done:
        yield lines.line('There is nothing to adopt.')
    for one in done:
        name = one.file.name
        as_ = f' as {one.image_id}' if one.image_id != name else ''
        why = f': {one.why}' if one.why else ''
        size = units.size(one.file.size)
        text = f'{name} ({size}) in {one.file.store} {_SAID[one.did]}'
        yield lines.line(printable(f'{text}{as_}{why}'), _TONES[one.did])


_SAID = {
    _LEFT: 'is left alone',
    _REFUSED: 'is not adopted',
    _WOULD: _WOULD,
    _ADOPTED: 'is an image now',
}
_TONES = {
    _LEFT: lines.Tone.FREE,
    _REFUSED: lines.Tone.TROUBLE,
    _WOULD: lines.Tone.STAYS,
    _ADOPTED: lines.Tone.STAYS,
}
