"""``imagecache adopt``: files become images where they lie."""

import argparse
from collections.abc import Collection
import dataclasses
import sys

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands import adoptable_files
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.confirm import agreed
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.exit_codes import NONE
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages import adoptions
from imagecache_handlers.frontends.cli.pages.adoptions import Adoption
from imagecache_handlers.frontends.cli.pages.adoptions import Did
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers import units

_NO_DISK = 'it begins as no disk does: name it, if it is an image'
_OF_NOVA = (
    'Nova names the files here: each that is named by the sha1 of an image id '
    'is an image already, and there is nothing to adopt'
)
_OF_OTHERS = 'only files of the handler directory can be adopted'


class Adopt(Paged):
    """Make images of files that lie in a store already.

    Nothing is copied, and owner and mode stay. They may be evicted later, as
    all images: never adopt what is not in the image service too, or cannot be
    had again. Ends with 0 if all are images then, with 1 if some are, with 3
    if none is. If it is interrupted, it tells what was adopted until then.
    """

    columns = adoptions.COLUMNS

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
        _add_consent_to(parser)
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        _check_arguments(parsed_args)
        done: list[Adoption] = []
        try:
            with self.opened() as site:
                return self._adopt_chosen(site, parsed_args, done)
        except KeyboardInterrupt:
            if not done:
                raise
            told = _answer(done, is_partial=True)
            return dataclasses.replace(told, code=FAILED)

    def _adopt_chosen(
        self,
        site: OpenedCache,
        options: argparse.Namespace,
        done: list[Adoption],
    ) -> Answer:
        """Adopt what is asked for; ``done`` is what was, if it is ended."""
        handler = _take_handler(site)
        problems, found = adoptable_files.list_files(site, handler)
        self.complain(problems)
        planned = [
            _check_one(handler, one, is_named=not options.all)
            for one in adoptable_files.choose_files(handler, found, options)
        ]
        if options.dry_run:
            return _answer(planned, is_partial=bool(problems))
        due = [one for one in planned if one.did is Did.WOULD]
        if due and not self._is_agreed(planned, yes=options.yes):
            told = lines.line('Nothing was changed.')
            return Answer(rows=(), page=[told], code=FAILED)
        for one in planned:
            _adopt_one(handler, one, done)
        return _answer(done, is_partial=bool(problems))

    def _is_agreed(self, planned: Collection[Adoption], *, yes: bool) -> bool:
        due = [one for one in planned if one.did is Did.WOULD]
        if not yes and sys.stdin is not None and sys.stdin.isatty():
            page = adoptions.page_lines(planned, whole=True)
            lines.write(page, self.app.stderr)
        size = units.size(sum(one.file.size for one in due))
        what = 'file' if len(due) == 1 else 'files'
        question = (
            f'Adopt {len(due)} {what} ({size})? They may be evicted later, '
            f'once nobody is seen to use them.'
        )
        return agreed(question, yes=yes)


def _add_consent_to(parser: argparse.ArgumentParser) -> None:
    """Add what spares the question before anything is changed."""
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='only tell what would be adopted',
    )
    parser.add_argument(
        '--yes', action='store_true', help='take it as confirmed'
    )


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


def _check_one(
    handler: DirectoryHandler, one: Adoption, *, is_named: bool
) -> Adoption:
    file = one.file
    try:
        if not is_named and not handler.looks_like_disk(file.store, file.name):
            return dataclasses.replace(one, did=Did.LEFT, why=_NO_DISK)
        handler.check_adoption(file.store, file.name, one.image_id)
    except CacheError as error:
        return _explain(one, error)
    return dataclasses.replace(one, did=Did.WOULD)


def _adopt_one(
    handler: DirectoryHandler, one: Adoption, done: list[Adoption]
) -> None:
    """Adopt a file, and add what became of it, also if that is ended."""
    if one.did is not Did.WOULD:
        done.append(one)
        return
    adopted = dataclasses.replace(one, did=Did.ADOPTED)
    try:
        handler.adopt(one.file.store, one.file.name, one.image_id)
        done.append(adopted)
    except CacheError as error:
        done.append(_explain(one, error))
    except KeyboardInterrupt:
        if adopted not in done and _is_image(handler, one):
            done.append(adopted)
        raise


def _is_image(handler: DirectoryHandler, one: Adoption) -> bool:
    """Tell if a file has become the image that it was to be."""
    try:
        handler.check_adoption(one.file.store, one.image_id, one.image_id)
    except ImageExists:
        return True
    except CacheError:
        return False
    return False


def _explain(one: Adoption, error: CacheError) -> Adoption:
    """Say what is wrong, without the name that stands beside it."""
    if isinstance(error, ImageExists) and one.image_id == one.file.name:
        return dataclasses.replace(one, did=Did.ALREADY)
    why = getattr(error, 'why', '') or str(error)
    return dataclasses.replace(one, did=Did.REFUSED, why=why)


def _answer(done: Collection[Adoption], *, is_partial: bool) -> Answer:
    asked = [one for one in done if one.did is not Did.LEFT]
    good = [one for one in asked if one.did is not Did.REFUSED]
    code = FAILED if is_partial or len(good) < len(asked) else 0
    if asked and not good:
        code = NONE
    page = adoptions.page_lines(done, whole=not is_partial)
    return Answer(rows=adoptions.rows_of(done), page=page, code=code)
