"""Warnings of a plan: what is configured or labelled, and yet does nothing."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator

from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers.planning.warned import Warned
from imagecache_handlers.planning.warned import WarningKind


def collect_warnings(
    verdicts: Collection[Verdict],
    pools: Collection[space.Pool],
    evidence: Evidence,
    rules: Rules,
    *,
    whole: bool,
) -> Iterator[Warned]:
    """Give all; ``whole``: every store was read."""
    if rules.protected:
        yield from _warn_of_patterns(verdicts, rules.protected, whole)
    yield from _warn_of_labels(verdicts)
    if rules.high_watermark < 100:
        yield from space.warn_of_space(verdicts, pools, rules)
    yield from _warn_of_strangers(verdicts, evidence)


def _warn_of_labels(verdicts: Iterable[Verdict]) -> Iterator[Warned]:
    for verdict in verdicts:
        if not verdict.image.marks.malformed:
            continue
        for label in sorted(verdict.image.marks.malformed):
            yield Warned.of(
                WarningKind.LABEL,
                f'image {verdict.image.image_id!r}: label {label!r} is not '
                f'understood and protects nothing',
            )


def _warn_of_patterns(
    verdicts: Iterable[Verdict], protected: Patterns, whole: bool
) -> Iterator[Warned]:
    # What a store that was not read holds may match.
    if whole:
        names = {verdict.image.image_id for verdict in verdicts}
        for pattern in protected.find_unmatched(names):
            yield Warned.of(
                WarningKind.PATTERN,
                f'protected pattern {pattern!r} matches no cached image',
            )
    for pattern in sorted(protected.blind):
        yield Warned.of(
            WarningKind.PATTERN,
            f'protected pattern {pattern!r} cannot be tested: images are '
            f'listed here by other names than their ids; protect each by '
            f'its exact image id',
        )


def _warn_of_strangers(
    verdicts: Collection[Verdict], evidence: Evidence
) -> Iterator[Warned]:
    """Warn of a list that is believed and yet knows nothing of this cache."""
    named = evidence.users.keys()
    # Most often the first few tell.
    strangers = not any(one.image.image_id in named for one in verdicts)
    if evidence.complete and named and verdicts and strangers:
        example = min(named)
        yield Warned.of(
            WarningKind.STRANGERS,
            f'none of the {len(named)} images that are said to be in use is '
            f'cached here, such as {example!r}: are these image ids?',
        )
