"""Bars: how full a space is, and how full it would be."""

from collections.abc import Iterable
from collections.abc import Iterator
import itertools

from imagecache_handlers.frontends.cli.pages.lines import Span
from imagecache_handlers.frontends.cli.pages.lines import Tone
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.space import Pool

LEGEND = '# used  - to be freed  . free  | low and high watermark'

_WIDTH = 40
_OFF = 100


def of_pool(pool: Pool, after: int, rules: Rules) -> list[Span]:
    """Draw the use of a pool in percent, now and ``after``, and its marks."""
    used = pool.usage or 0
    cells = [
        '#' if at < _count_cells(after) else '-'
        for at in range(_count_cells(used))
    ]
    cells += '.' * (_WIDTH - len(cells))
    if rules.high_watermark < _OFF:
        for mark in rules.low_watermark, rules.high_watermark:
            cells[min(_count_cells(mark), _WIDTH - 1)] = '|'
    return [Span('['), *_join_cells(cells), Span(']')]


def of_part(part: int, whole: int, width: int = _WIDTH) -> str:
    """Draw a part of a whole; what there is at all is seen."""
    if not part:
        return ''
    return '#' * max(1, round(width * part / max(part, whole)))


def usage(pool: Pool, freed: int) -> int:
    """Percent in use once so many more bytes are free."""
    if not pool.total:
        return 0
    return 100 - min(pool.total, pool.free + freed) * 100 // pool.total


def _count_cells(percent: int) -> int:
    return round(percent * _WIDTH / 100)


_TONES = {'#': Tone.STAYS, '-': Tone.GOES, '.': Tone.FREE, '|': Tone.HEAD}


def _join_cells(cells: Iterable[str]) -> Iterator[Span]:
    for cell, alike in itertools.groupby(cells):
        yield Span(''.join(alike), _TONES[cell])
