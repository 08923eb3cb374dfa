"""``imagecache verify``: images are read again, and hashed."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.actions.verifying import Proof
from imagecache_handlers.actions.verifying import Verified
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.frontends.cli.commands.base import InUseCommand
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli import image_names
from imagecache_handlers.frontends.cli import image_options
from imagecache_handlers.frontends.cli.interrupt import stoppable
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.model import Evidence


class Verify(InUseCommand, Paged):
    """Read images again, and compare them with the hash they came with.

    Only images that were prefetched have one. Ends with 1 if any differs or
    is not managed any more, if one that was named cannot be verified, or if a
    store cannot be read.
    """

    columns = ('image', 'store', 'size', 'proof', 'detail')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        image_options.add_names_to(
            parser,
            'IMAGE',
            'the id of an image, or its beginning (default: all)',
        )
        parser.add_argument(
            '--quarantine',
            action='store_true',
            help='set aside what differs, unless it is used, held or pinned',
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            evidence = ask()
            named = {
                _find_name(site, evidence, said) for said in parsed_args.images
            }
            with stoppable(site) as stop:
                found = site.cache.verify(
                    evidence,
                    named or None,
                    site.stores,
                    quarantine=parsed_args.quarantine,
                    should_stop=stop,
                )
        self.complain(found.problems)
        bad = _are_bad(found.items, is_named=bool(named))
        return Answer(
            rows=_rows_of(found.items),
            page=_page_lines(found.items),
            code=FAILED if bad or found.problems else 0,
        )


def _find_name(site: OpenedCache, evidence: Evidence, said: str) -> str:
    """Tell which image is meant, be it one that is not managed any more.

    :raises ImageNotFound: when there is none.
    """
    try:
        return image_names.find_id(site, said)
    except ImageNotFound:
        # Nothing is read for it: no list has it.
        found = site.cache.verify(evidence, [said], site.stores)
        if not found.items:
            raise
        return found.items[0].image.image_id


def _are_bad(found: Iterable[Verified], *, is_named: bool) -> bool:
    good = {Proof.WHOLE} if is_named else {Proof.WHOLE, Proof.UNKNOWN}
    return any(one.proof not in good for one in found)


def _rows_of(found: Iterable[Verified]) -> Iterator[tuple[Any, ...]]:
    for one in found:
        image = one.image
        yield (
            image.image_id,
            printable(image.store),
            Size(image.size),
            one.proof.value,
            printable(one.why),
        )


def _page_lines(found: Collection[Verified]) -> Iterator[lines.Line]:
    if not found:
        yield lines.line('There is nothing to verify.')
    for one in found:
        why = f': {one.why}' if one.why else ''
        text = f'{one.image.image_id} in {one.image.store}'
        yield lines.line(
            printable(f'{text} {_SAID[one.proof]}{why}'), _TONES[one.proof]
        )


_SAID = {
    Proof.WHOLE: 'is whole',
    Proof.DIFFERS: 'differs',
    Proof.QUARANTINED: 'differed, and was set aside',
    Proof.IN_USE: 'differs, and stays',
    Proof.ALTERED: 'is not managed any more',
    Proof.UNKNOWN: 'cannot be verified',
}
_TONES = {
    Proof.WHOLE: lines.Tone.STAYS,
    Proof.DIFFERS: lines.Tone.TROUBLE,
    Proof.QUARANTINED: lines.Tone.GOES,
    Proof.IN_USE: lines.Tone.TROUBLE,
    Proof.ALTERED: lines.Tone.TROUBLE,
    Proof.UNKNOWN: lines.Tone.FREE,
}
