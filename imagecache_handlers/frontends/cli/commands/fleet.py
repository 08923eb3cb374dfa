"""``imagecache fleet ...``: which hosts have what, as they told each other."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.base import Listing
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli import image_list
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import iso
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet import members
from imagecache_handlers.frontends.fleet.members import Member
from imagecache_handlers.frontends.fleet import opening


class FleetCommand(Listing):
    """A command on the board of the fleet; no cache is opened for it."""

    def open_board(self) -> Board:
        """Open the board that the options name.

        :raises ConfigurationError: when they name none.
        """
        from imagecache_handlers.config.reading import read_configuration

        given = self.app.options
        conf = read_configuration(given.config or (), handler=given.handler)
        settings = opening.read_fleet(conf)
        if settings is None:
            raise ConfigurationError(
                'this host is in no fleet: set [imagecache_fleet] backend_url'
            )
        return opening.open_board(settings)


class FleetList(FleetCommand):
    """List the hosts of the fleet: what they have, and if they are there.

    Ends with 1 if what a host told cannot be read.
    """

    columns = (
        *('host', 'alive', 'images', 'coming', 'complete', 'free', 'total'),
        *('shared_store', 'told', 'problem'),
    )

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        found = members.read_members(self.open_board())
        return Answer(
            rows=map(_member_row, found),
            code=FAILED if any(one.problem for one in found) else 0,
        )


def _member_row(member: Member) -> tuple[Any, ...]:
    name, problem = printable(member.host), member.problem
    if member.entry is None:
        said = problem and printable(problem)
        return (name, member.is_alive, *[None] * 7, said)
    digest = member.entry.digest
    return (
        *(name, member.is_alive, digest.count, len(digest.coming)),
        digest.is_complete,
        *map(_write_size, (digest.free, digest.total)),
        *(member.shared_store, iso(digest.as_of), None),
    )


def _write_size(size: int | None) -> Size | None:
    return None if size is None else Size(size)


class FleetWhere(FleetCommand):
    """List the hosts that have an image, or have it on its way.

    Its id must be whole: what the hosts tell is a hash of it. Of how many
    nobody knows is told beside it. Ends with 1 if no host has it.
    """

    columns = ('host', 'state', 'alive', 'shared_store', 'told')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'image',
            type=arguments.image,
            metavar='ID',
            help='the whole id of an image',
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        found = members.read_members(self.open_board())
        rows = list(_place_rows(found, parsed_args.image))
        unknown = members.count_unknown(found, parsed_args.image)
        if unknown:
            self.app.stderr.write(
                f'imagecache: not known of {unknown} of {len(found)} hosts\n'
            )
        return Answer(rows=rows, code=0 if rows else FAILED)


def _place_rows(
    found: Iterable[Member], image_id: str
) -> Iterator[tuple[Any, ...]]:
    for member in found:
        state = members.state_of(member, image_id)
        if member.entry is not None and state in ('cached', 'coming'):
            yield (
                *(printable(member.host), state, member.is_alive),
                member.shared_store,
                iso(member.entry.digest.as_of),
            )


class FleetDiff(FleetCommand):
    """List which hosts lack which of the images in a list.

    An image is missing there, or coming; unknown says that the host told
    nothing of use, or not of all that it has. Ends with 1 if one is lacking.
    """

    columns = ('host', 'image', 'state', 'alive', 'told')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'image_list',
            metavar='LIST',
            help='a file with whole ids, one a line; "-" is standard input',
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        wanted = dict.fromkeys(image_list.read_ids(parsed_args.image_list))
        if not wanted:
            raise ConfigurationError('the list names no image')
        found = members.read_members(self.open_board())
        rows = [_lack_row(*one) for one in members.lacks_of(found, wanted)]
        return Answer(rows=rows, code=FAILED if rows or not found else 0)


def _lack_row(member: Member, image_id: str, state: str) -> tuple[Any, ...]:
    told = iso(member.entry.digest.as_of) if member.entry else None
    return printable(member.host), image_id, state, member.is_alive, told
