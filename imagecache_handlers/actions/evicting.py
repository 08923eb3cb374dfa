"""Evicting: claim, look, remove, while others may want the image.

No lock is needed, only that a label which was written is seen by whoever
looks afterwards.  The evictor writes its claim first and looks then; who
holds or pins writes a label first and looks then.  Whichever of the two
looks last sees the other.
"""

import collections
from collections.abc import Iterable
from typing import NamedTuple

from imagecache_handlers.actions.batch import Batch
from imagecache_handlers.actions.batch_size import BatchSize
from imagecache_handlers.actions.leaving_stores import Trouble
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.planning.verdicts import Left
from imagecache_handlers.planning.verdicts import Verdict


class Done(NamedTuple):
    """What became of images, and what was left with their store."""

    outcomes: list[Outcome]
    left: Left | None


def evict_images(
    terms: Terms, store: str, verdicts: Iterable[Verdict]
) -> Done:
    """Evict images in their order, each with exactly one outcome.

    Once stopped, or left for its troubles, those whose turn has not come
    have none.
    """
    queue = collections.deque(verdicts)
    outcomes: list[Outcome] = []
    trouble = Trouble(store)
    size = BatchSize(terms.means.handler.batch)
    while queue and not terms.should_stop() and not trouble.why:
        batch = Batch(terms, store, trouble)
        turn = [queue.popleft() for _ in range(min(size.current, len(queue)))]
        late = batch.evict_images(turn)
        outcomes += batch.outcomes
        # What could not begin in time needs a new claim and a new look.
        queue.extendleft(reversed(late))
        size.learn_from(len(turn) - len(late), len(late), batch.cost)
    return Done(outcomes, trouble.describe_left(len(queue)))
