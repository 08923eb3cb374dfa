"""Judgements: what a look lacks to prove that nobody uses an image."""

from collections.abc import Iterator

from imagecache_handlers.directory.hosts.places import View
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.hosts.records import Record
from imagecache_handlers.directory.hosts.records import Unread
from imagecache_handlers.directory.hosts import refusals
from imagecache_handlers.directory.users.overlays import Survey

# So many disks fewer are worth a question, if less than half are left.
_FEWER = 5


def judge_look(fd: int, view: View, survey: Survey | None) -> Iterator[str]:
    """Say what a look lacks to prove that nobody uses an image there."""
    if survey is not None and survey.problem:
        yield survey.problem
    own = None
    for record in records.read_all(fd):
        own = record if record.host == view.host else own
        yield from explain_unseen(record, view)
    if survey is not None:
        yield from explain_fewer(own, view, survey)


def counts_by_place(view: View, survey: Survey | None) -> dict[str, int]:
    """Give how many a look met in each place, as far as it counted."""
    if survey is None:
        return {}
    # In a folder that is both, disks were counted.
    met = survey.met
    by_path = {**view.definitions, **view.places}
    return {place: met[path] for path, place in by_path.items() if path in met}


def explain_unseen(record: Record | Unread, view: View) -> Iterator[str]:
    """Say what a host looks at, or may look at, and this one does not."""
    own = record.host == view.host
    if isinstance(record, Unread):
        if not (own and record.is_empty):
            yield refusals.say_unread(record, own)
        return
    for place in record.places:
        if view.sees(place):
            continue
        if own:
            yield refusals.say_own_unseen(record, place, view)
        else:
            yield refusals.say_unseen(record.host, place)


def explain_fewer(
    own: Record | Unread | None, view: View, survey: Survey
) -> Iterator[str]:
    """Say where this host met nothing, or far less than the last time."""
    known = own if isinstance(own, Record) else None
    counts = {place: 0 for place in view.places.values()}
    counts |= counts_by_place(view, survey)
    for path, place in (*view.places.items(), *view.definitions.items()):
        now = counts.get(place)
        before = known.places.get(place) if known else None
        what = 'definition' if place in view.definitions.values() else 'disk'
        if now == 0 and before != 0:
            yield refusals.say_nothing_met(what, path, before)
        elif known and now is not None and before and _is_far(now, before):
            yield refusals.say_fewer_met(what, path, now, before, known)


def _is_far(now: int, before: int) -> bool:
    return 2 * now < before and now <= before - _FEWER
