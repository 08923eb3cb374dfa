"""Changes: the labels that a plan asks an apply to write."""

from collections.abc import Iterable
from collections.abc import Iterator
import datetime

from imagecache_handlers.age import restart_age
from imagecache_handlers.age import start_age
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import Relabel
from imagecache_handlers.labels import seen_label
from imagecache_handlers.labels import SHIELD
from imagecache_handlers.labels import was_seen
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Change
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

# Of these nobody can say that it lies idle, so its age does not start.
_UNCLEAR = frozenset({Reason.BUSY, Reason.UNKNOWN, Reason.LEASED})

# These keep it however idle it is; another cleaner knows none of them.
_SHIELDED = frozenset({Reason.PINNED, Reason.PROTECTED, Reason.DISABLED})


def changes_of(
    verdicts: Iterable[Verdict],
    now: datetime.datetime,
    rules: Rules,
    *,
    wants_seen: bool,
    wants_shield: bool,
) -> Iterator[Change]:
    """Give the changes to what stays: of its age, and of other labels."""
    seen = frozenset({seen_label(now)})
    for verdict in verdicts:
        if verdict.evict:
            continue
        image = verdict.image
        labels = image.marks
        if _changes_age(verdict, now, rules):
            used = verdict.reason is Reason.IN_USE
            yield Change(image=image, used=used)
        if wants_seen and not was_seen(labels, now):
            yield Change(
                image=image, add=seen, remove=labels.labels_of('seen') - seen
            )
        if wants_shield and (relabel := _change_of_shield(verdict)):
            yield Change(image=image, add=relabel.add, remove=relabel.remove)
        # On a busy image an old claim may be that of a pending removal.
        timed = labels.claims or labels.leases or labels.pins
        if timed and image.busy is None:
            dead = _dead_labels(labels, now, rules)
            if dead:
                yield Change(image=image, remove=dead)


def _changes_age(
    verdict: Verdict, now: datetime.datetime, rules: Rules
) -> bool:
    """Tell if the age of an image is to be restarted, or started."""
    labels = verdict.image.marks
    if verdict.reason is Reason.IN_USE:
        return bool(restart_age(labels))
    if rules.remove_unused and verdict.reason not in _UNCLEAR:
        return bool(start_age(labels, now))
    return False


def _change_of_shield(verdict: Verdict) -> Relabel:
    """Shield what is kept for good, and only that."""
    there = verdict.image.marks.labels_of(SHIELD)
    kept = any(one.reason in _SHIELDED for one in verdict.blockers)
    wanted = frozenset({SHIELD}) if kept else frozenset()
    return Relabel(add=wanted - there, remove=there - wanted)


def _dead_labels(
    labels: Marks, now: datetime.datetime, rules: Rules
) -> frozenset[str]:
    timed = (
        ('claim', labels.claims),
        ('lease', labels.leases),
        ('pin', labels.pins),
    )
    dead = {
        (kind, owner)
        for kind, owners in timed
        for owner, expiry in owners.items()
        if expiry is not None and rules.is_forgotten(expiry, now)
    }
    if not dead:
        return frozenset()
    return frozenset(
        label for label in labels.labels if tuple(label.split('.')[:2]) in dead
    )
