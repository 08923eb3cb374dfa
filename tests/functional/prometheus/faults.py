"""Faults: what goes wrong, which alert says so, and how it is mended."""

from collections.abc import Callable
import dataclasses
import datetime

from imagecache_handlers import ConfigurationError
from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.frontends.in_use_list import nobody_asked
from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import pin_label
from imagecache_handlers import Patterns
from tests.functional.prometheus.world import INTERVAL
from tests.functional.prometheus.world import World

DAYS = datetime.timedelta(days=9)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """``go_on`` is what happens at each ``step`` while it lasts.

    ``alert`` None: all is well; ``besides``: there is another fault, too.
    """

    alert: str | None
    begin: Callable[[World], object]
    mend: Callable[[World], object]
    go_on: Callable[[World], object] = lambda world: None
    besides: str | None = None
    step: datetime.timedelta = INTERVAL


FAULTS: dict[str, Fault] = {}


def fault(alert, name, begin, mend, go_on=lambda world: None, **others):
    FAULTS[name] = Fault(
        alert=alert, begin=begin, mend=mend, go_on=go_on, **others
    )


def rules(**changes):
    def change(world):
        world.rules = dataclasses.replace(world.rules, **changes)

    return change


def both(*steps):
    def go(world):
        for step in steps:
            step(world)

    return go


def breaks(call, error):
    return lambda world: world.handler.broken.update({call: error})


def heal(world):
    world.handler.broken.clear()


def attribute(name, value):
    return lambda world: setattr(world, name, value)


def problem(text):
    return lambda world: setattr(world.handler, 'problem', text)


def fill(*labels, users=(), name='big'):
    """Fill the store to 97 % by one image."""
    return lambda world: world.put(
        name, 850, *[make(world) for make in labels], users=users
    )


def claim(world):
    """Give the label of a claim that nobody ends."""
    return claim_label('x', world.now + DAYS)


def drop(name='big'):
    return lambda world: world.drop(name)


NO_SWEEP = 'ImagecacheNoWholeSweep'
fault(
    NO_SWEEP,
    'the whole backend is gone',
    breaks('stores', ConnectionRefusedError('no')),
    heal,
)


def ask_nowhere():
    raise ConfigurationError('cannot read the list')


fault(
    NO_SWEEP,
    'the list of users is gone',
    attribute('ask', ask_nowhere),
    lambda world: setattr(world, 'ask', world.ask_all),
)
fault(
    NO_SWEEP,
    'a sweep is stuck',
    attribute('is_running', False),
    attribute('is_running', True),
)
fault(
    NO_SWEEP,
    'each sweep is stopped',
    attribute('is_stopped', True),
    attribute('is_stopped', False),
)

BLIND = 'ImagecacheEvidenceIncomplete'
live, die = attribute('is_running', True), attribute('is_running', False)
fault(
    NO_SWEEP,
    'the service hangs in each sweep, and is begun anew each time',
    die,
    live,
    World.begin_anew,
)
fault(
    NO_SWEEP,
    'a timer that started the sweeps is gone, and no interval is configured',
    attribute('interval', None),
    live,
    die,
    step=datetime.timedelta(hours=8),
)


def sweep_in_future(world):
    now = world.now
    world.now += datetime.timedelta(days=3650)
    world.tick()
    world.now = now


fault(
    NO_SWEEP,
    'the backend is gone since the clock went wrong',
    both(sweep_in_future, breaks('stores', ConnectionRefusedError('no'))),
    heal,
)


def ask_nobody(world):
    world.ask = lambda: nobody_asked(world.clock)


def hide_users(size):
    """Have one image of whose users nobody knows."""

    def begin(world):
        world.put('odd', size)
        world.handler.unknown.add('odd')

    return begin


def show_users(world):
    world.drop('odd')
    world.handler.unknown.clear()
    world.ask = world.ask_all


fault(
    NO_SWEEP,
    'the service is dead, and one image was unknown',
    both(hide_users(20), ask_nobody),
    both(show_users, live),
    die,
    besides=BLIND,
)

UNREADABLE = 'ImagecacheStoreUnreadable'
fault(UNREADABLE, 'the store is gone', problem('not mounted'), problem(None))
fault(
    UNREADABLE,
    'the disk of the store is broken',
    breaks('enumerate', OSError(5, 'Input/output error')),
    heal,
)
fault(
    UNREADABLE,
    'the store does not answer',
    breaks('enumerate', StoreUnavailable('shelf', 'timed out')),
    heal,
)
fault(
    UNREADABLE,
    'the handler has a bug',
    breaks('enumerate', TypeError('oops')),
    heal,
)

fault(
    NO_SWEEP,
    'the service is dead, and the store was gone before',
    problem('not mounted'),
    both(problem(None), live),
    die,
    besides=UNREADABLE,
)

FULL = 'ImagecacheCannotFree'
fault(FULL, 'what fills the store is used', fill(users={'vm'}), drop())
fault(
    FULL,
    'what fills the store is too young',
    both(rules(min_age=DAYS), fill()),
    both(drop(), rules(min_age=datetime.timedelta(days=1))),
)
fault(
    FULL,
    'what fills the store is protected',
    both(rules(protected=Patterns.parse(['big'])), fill()),
    both(drop(), rules(protected=Patterns())),
)
fault(
    FULL,
    'what fills the store is no image',
    lambda world: setattr(world.handler.shelf, 'total', 130),
    lambda world: setattr(world.handler.shelf, 'total', 1000),
)
fault(
    FULL,
    'removal is switched off',
    both(rules(remove_unused=False), fill(World.old)),
    both(rules(remove_unused=True), drop()),
)
fault(
    FULL,
    'somebody has claimed it for ever',
    fill(claim),
    drop(),
)

fault(
    FULL,
    'what fills the store is used, and one small image is unknown',
    both(hide_users(1), ask_nobody, fill(users={'vm'})),
    both(show_users, drop()),
    besides=BLIND,
)


def fill_with_all_sorts(world):
    """Have most of it unknown, and yet less than is wanted."""
    hide_users(280)(world)
    world.put('safe', 275)
    world.put('claimed', 275, claim(world))
    world.put('more', 35, users={'vm'})
    rules(protected=Patterns.parse(['safe']))(world)


fault(
    FULL,
    'to know who uses what is not known of would not be enough',
    fill_with_all_sorts,
    both(
        show_users,
        *map(drop, ['safe', 'claimed', 'more']),
        rules(protected=Patterns()),
    ),
    besides=BLIND,
)

STUCK = 'ImagecacheNothingFreed'
is_busy = breaks('evict', ImageBusy('big', 'Nova holds its lock'))
fault(
    STUCK,
    'what fills the store is locked for ever',
    both(fill(World.old), is_busy),
    both(heal, drop()),
)
fault(
    None,
    'the store fills up again and again',
    fill(World.old),
    drop(),
    fill(World.old),
)


def see(world):
    world.handler.shelf.sees_users = True
    world.ask = world.ask_all


def see_nothing(complete, age=datetime.timedelta(0)):
    def begin(world):
        world.handler.shelf.sees_users = False
        world.ask = lambda: Evidence(
            complete=complete,
            as_of=world.now - age,
            users={'used-1': frozenset({'vm'})},
        )

    return begin


fault(BLIND, 'the list of users is not complete', see_nothing(False), see)
fault(
    BLIND,
    'the list of users is out of date',
    see_nothing(True, datetime.timedelta(hours=1)),
    see,
)
fault(
    BLIND,
    'nobody knows, and the store is full',
    both(see_nothing(False), fill()),
    both(see, drop()),
)


fault(
    BLIND,
    'a record is damaged, and the list of users is complete',
    hide_users(20),
    show_users,
)


def break_more(world):
    world.handler.pieces += 1


fault(
    'ImagecacheDebrisGrows',
    'each sweep leaves debris',
    lambda world: None,
    lambda world: setattr(world.handler, 'pieces', 0),
    break_more,
)

HELD = 'ImagecacheHeldByHand'


def hold(make):
    return lambda world: world.put('big', 400, make(world))


fault(
    HELD,
    'a pin is too big',
    hold(lambda world: pin_label('ops', None)),
    drop(),
)
fault(
    HELD,
    'a lease is too big',
    hold(lambda world: lease_label('vm-1', world.now + DAYS)),
    drop(),
)

REFUSED = 'ImagecacheEvictionsFail'


def put_old(world):
    world.put('old', 20, world.old())


fault(
    REFUSED,
    'the backend refuses evictions',
    both(put_old, breaks('evict', PermissionError(13, 'denied'))),
    both(heal, drop('old')),
)
fault(
    REFUSED,
    'nobody knows what became of evictions',
    both(put_old, breaks('evict', Uncertain('old', 'no reply'))),
    both(heal, drop('old')),
)
