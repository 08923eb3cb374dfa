"""Terms: on which images are evicted, and who is told of each."""

from collections.abc import Callable
import dataclasses

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.evidence import CurrentEvidence
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.verdicts import Blocker

# Tells if the eviction of an image may overrule one of its blockers.
MayOverrule = Callable[[CachedImage, Blocker], bool]


def overrule_nothing(image: CachedImage, blocker: Blocker) -> bool:
    return False


def tell_nobody(outcome: Outcome) -> None:
    """Tell nobody what happened to an image."""


def never_stop() -> bool:
    """Go on to the end."""
    return False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms images are evicted.

    ``on_outcome`` is given each outcome at once, ``should_stop`` asked before
    each image; both in whatever thread works on the store.
    """

    means: Means
    evidence: CurrentEvidence
    may_overrule: MayOverrule = overrule_nothing
    on_outcome: Callable[[Outcome], object] = tell_nobody
    should_stop: Callable[[], bool] = never_stop


def make_terms(
    means: Means,
    ask: Ask,
    evidence: Evidence | None = None,
    on_outcome: Callable[[Outcome], object] = tell_nobody,
    should_stop: Callable[[], bool] = never_stop,
) -> Terms:
    """Make terms by the evidence there is, and who gives more of it."""
    current = CurrentEvidence(
        lambda: means.translate_evidence(ask()),
        means.rules,
        means.clocks,
        None if evidence is None else means.translate_evidence(evidence),
    )
    return Terms(
        means=means,
        evidence=current,
        on_outcome=on_outcome,
        should_stop=should_stop,
    )
