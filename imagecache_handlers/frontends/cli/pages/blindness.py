"""Blindness: images whose users nobody knows, and the way out of it."""

from collections.abc import Iterable
from collections.abc import Iterator

from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.cli.pages.text import images
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Identity
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

# What would not keep an image whose users became known: these two, for
# nothing ages while nobody can tell whether it is used.
_BLIND = frozenset({Reason.UNKNOWN, Reason.TOO_YOUNG})


def is_blind(report: Report, rules: Rules) -> bool:
    """Tell if every image that nothing else keeps turned out ``unknown``.

    Where there is no such image, nothing needed to be known.
    """
    new = set(_newly_met(report.plan, rules))
    open_ones = [
        one
        for one in _last_verdicts(report)
        if not _is_kept(one) and one.image.identity not in new
    ]
    return bool(open_ones) and all(map(_is_unknown, open_ones))


def complaint(report: Report) -> str:
    """Say what to do about a report that is blind."""
    last = tuple(_last_verdicts(report))
    ways_out = [*unseen(last), *untold(last)]
    return f'nothing could be freed: {ways_out[0]}'


def unseen(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Say at full length what keeps a backend from seeing users."""
    blind: dict[str, list[CachedImage]] = {}
    for verdict in filter(_is_unknown, verdicts):
        if verdict.image.unknown:
            blind.setdefault(verdict.image.unknown, []).append(verdict.image)
    for why, kept in blind.items():
        stay = 'stays' if len(kept) == 1 else 'stay'
        yield f'{_count_kept(kept)} {stay}, users unknown: {why}'


def untold(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Say what only the word of the control plane can set free."""
    blind = [
        one.image
        for one in filter(_is_unknown, verdicts)
        if one.image.unknown is None
    ]
    if blind:
        yield (
            f'{_count_kept(blind)} cannot go, for nobody has said that '
            f'they are unused: name the images in use with --in-use FILE, and '
            f'add '
            f'--in-use-complete if the list names every one, on all hosts '
            f'that share the stores. The handler directory sees them by '
            f'itself, once instance_paths says where the instances lie.'
        )


def _newly_met(plan: Plan, rules: Rules) -> Iterator[Identity]:
    """Give what sweeps met first so lately that it is young in any case.

    Some backends know only by then whose an object is.
    """
    for change in plan.changes:
        if Marks.read(change.add).seen is not None:
            yield change.image.identity
    for verdict in plan.verdicts:
        image = verdict.image
        seen, least = image.marks.seen, rules.min_age_of(image)
        if seen is not None and plan.now - seen < least:
            yield image.identity


def _last_verdicts(report: Report) -> Iterable[Verdict]:
    """Give what was last decided on each image."""
    decided = {one.image.identity: one for one in report.plan.verdicts}
    for outcome in report.outcomes:
        decided[outcome.verdict.image.identity] = outcome.verdict
    return decided.values()


def _is_unknown(verdict: Verdict) -> bool:
    return verdict.reason is Reason.UNKNOWN


def _is_kept(verdict: Verdict) -> bool:
    return any(one.reason not in _BLIND for one in verdict.blockers)


def _count_kept(kept: list[CachedImage]) -> str:
    held = units.size(sum(image.reclaimable for image in kept))
    return f'{images(len(kept))} ({held})'
