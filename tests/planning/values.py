"""Short ways to say an image, evidence and a plan in a table."""

import datetime

from imagecache_handlers.age import restart_age
from imagecache_handlers.age import start_age
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning.rules import Rules

NOW = datetime.datetime(2026, 11, 22, 8, 22, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
NEVER_A_NAME = (
    '',
    '.',
    '..',
    '../../etc/passwd',
    '/',
    'a/b',
    'a\\b',
    'a\0b',
    'a\n',
    '\na',
    'a b',
    '-rf',
    '.hidden',
    '*',
    'a*b',
    'a,b',
    'a=b',
    'bäckup',
    '\u202egpj',
    '\udcff',
    '٣',
    'x' * 300,
)


def stamp(at):
    return write_time(at)


def idle(days=10):
    return f'unused.{stamp(NOW - days * DAY)}'


def image(name='a', *labels, **fields):
    """An image without users; whatever is not said allows its eviction."""
    given = {
        'store': 'shelf',
        'location': f'at-{name}',
        'size': 10,
        'cached_at': NOW - 90 * DAY,
        'users': frozenset(),
        **fields,
    }
    return CachedImage(image_id=name, marks=Marks.read(labels), **given)


def ready(name='a', *labels, **fields):
    """An image that is marked long enough to go."""
    return image(name, idle(), *labels, **fields)


def evidence(complete=True, as_of=NOW, **users):
    """What a control plane says that asked everybody a moment ago."""
    named = {name: frozenset(who) for name, who in users.items()}
    return Evidence(users=named, complete=complete, as_of=as_of)


def shelf(total=None, free=None, **fields):
    return Store(**{'name': 'shelf', **fields}, total=total, free=free)


def planned(*images, said=None, stores=(), now=NOW, seen=False, **rules):
    return make_plan(
        images,
        stores,
        evidence() if said is None else said,
        now,
        Rules(**rules),
        wants_seen=seen,
    )


def verdict(one, **given):
    """What a plan says of a single image."""
    (only,) = planned(one, **given).verdicts
    return only


def reasons(one, **given):
    return [blocker.reason.value for blocker in verdict(one, **given).blockers]


def going(plan):
    """The names of what a plan evicts, in its order."""
    return [verdict.image.image_id for verdict in plan.evictions]


def labels_of(change, now=NOW):
    """What a change writes when it is applied at once."""
    if change.used is None:
        return change
    marks = change.image.marks
    return restart_age(marks) if change.used else start_age(marks, now)


def changed(plan):
    """What a plan writes: name -> (added, removed), each sorted."""
    written = {
        change.image.image_id: labels_of(change, plan.now)
        for change in plan.changes
    }
    return {
        image_id: (sorted(labels.add), sorted(labels.remove))
        for image_id, labels in written.items()
    }
