"""Two hosts sweep one datastore while Nova spawns there; anything may fail.

Faults, deaths and what others do are steered to a drawn call of the very
operation that runs.  ``World`` raises ``Loss`` when a promise breaks.
"""

import collections
import datetime
from unittest import mock

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import pytest

from imagecache_handlers import Rules
from tests.profile import NEW
from tests.profile import PROFILE
from tests.vmware.others import ELSEWHERE
from tests.vmware.others import INTERVAL
from tests.vmware.world import Loss
from tests.vmware.world import World

pytestmark = pytest.mark.long

IMAGES = ('debian', 'alpine', 'golden')
OWNERS = ('vm-1', 'vm-2')
FAULTS = (
    'away',
    'lost',
    'die',
    'FileLocked',
    'FileNotFound',
    'CannotDeleteFile',
    'NoDiskSpace',
    'NoPermission',
    'NotAuthenticated',
    'ManagedObjectNotFound',
    'HostNotConnected',
)
METHODS = (
    ('MakeDirectory', 3),
    ('SearchDatastoreSubFolders_Task', 6),
    ('RetrievePropertiesEx', 9),
    ('MoveDatastoreFile_Task', 2),
    ('DeleteVirtualDisk_Task', 2),
    ('DeleteDatastoreFile_Task', 2),
    ('sleep', 2),
)
CLEANING = (
    ('FindByDatastorePath', 1),
    ('MakeDirectory', 2),
    ('SearchDatastoreSubFolders_Task', 6),
    ('RetrievePropertiesEx', 16),
    ('UnregisterVM', 1),
    ('DeleteDatastoreFile_Task', 1),
)
HAPPENS = 'evicted', 'spawned', 'held', 'pinned', 'faults', 'errors'
SELDOM = 'moved', 'aged away', 'deaths', 'labels filled', 'taken over'
MANY = 300
OPERATORS = (
    'delete',
    'put_foreign',
    'fill_label',
    'move',
    'rename',
    'restart',
    'fill',
    'take_over',
    'forget',
)
DAY = 86400
TALLY = collections.Counter()


def points_of(methods):
    return st.sampled_from(methods).flatmap(
        lambda one: st.tuples(
            st.just(one[0]), st.integers(0, one[1] - 1), st.booleans()
        )
    )


images = st.sampled_from(IMAGES)
owners = st.sampled_from(OWNERS)
hosts = st.integers(0, 1)
deeds = st.one_of(
    st.tuples(st.just('fault'), st.sampled_from(FAULTS)),
    st.tuples(
        st.sampled_from(
            (
                'fetch',
                'spawn',
                'spawn',
                'spawn_off',
                'enlist',
                'hold',
                'hold',
                'pin',
                'sweep',
                'restart',
                'stand_still',
                'end',
                'rename',
                'rename',
                'age',
                'age',
                'delete',
                'put_foreign',
                'move',
                'fill',
            )
        ),
        images,
    ),
)
scripts = st.lists(st.tuples(points_of(METHODS), deeds), max_size=3)
# What an import has left is taken over now and then while it is cleaned away.
takings = st.tuples(st.sampled_from(('take_over', 'forget')), images)
cleanings = st.lists(
    st.tuples(points_of(CLEANING), st.one_of(takings, takings, deeds)),
    max_size=3,
)


class Hosts(stateful.RuleBasedStateMachine):
    """The rules are what hosts, Nova, operators and clocks do."""

    make_world = World

    @stateful.initialize(
        batch=st.sampled_from((1, 3)),
        min_age=st.sampled_from((0, 900)),
        skew=st.integers(0, 50),
        keeps_clones=st.booleans(),
    )
    def start(self, batch, min_age, skew, keeps_clones):
        rules = Rules(min_age=datetime.timedelta(seconds=min_age))
        self.world = self.make_world(
            rules, batch=batch, skew=skew, keeps_clones=keeps_clones
        )
        self.tokens = mock.patch('secrets.token_hex', self.world.make_token)
        self.tokens.start()
        for image in IMAGES:
            self.world.fetch(image)
        self.world.lay_foreign()
        self.world.actors.add_store(ELSEWHERE)

    def script(self, host, drawn):
        return [
            (*point, lambda deed=deed: self.do(host, *deed))
            for point, deed in drawn
        ]

    def do(self, host, name, what):
        if name == 'fault':
            host.fault(what)
        else:
            getattr(self, f'_{name}')(host, what)

    def other(self, host):
        return next(one for one in self.world.hosts if one is not host)

    def _fetch(self, host, image):
        self.world.fetch(image)

    def _spawn(self, host, image):
        self.world.spawn(image, starts=True)

    def _spawn_off(self, host, image):
        self.world.spawn(image, starts=False)

    def _enlist(self, host, image):
        if self.world.folder(image):
            self.world.enlist(image)

    def _hold(self, host, image):
        self.world.hold(self.other(host), image, 'vm-1', [])

    def _pin(self, host, image):
        self.world.pin(self.other(host), image, 'vm-1', [])

    def _sweep(self, host, image):
        other = self.other(host)
        if not other.script:
            self.world.sweep(other, [])

    def _restart(self, host, image):
        self.world.actors.restart()

    def _stand_still(self, host, image):
        self.world.advance(900)

    def _end(self, host, image):
        self.world.end(0)

    def _rename(self, host, image):
        self.world.rename_store()

    def _age(self, host, image):
        self.world.age_images(IMAGES)

    def _delete(self, host, image):
        self.world.delete_by_hand(image)

    def _put_foreign(self, host, image):
        self.world.put_foreign(image)

    def _fill_label(self, host, image):
        self.world.fill_label(image)

    def _move(self, host, image):
        self.world.move_machine(0, keeps_parent=image == 'golden')

    def _fill(self, host, image):
        self.world.is_full = not self.world.is_full

    def _take_over(self, host, image):
        how = {'debian': 'run', 'alpine': 'clone'}.get(image, 'back_up')
        self.world.take_over(0, how)

    def _forget(self, host, image):
        self.world.forget_import(0)

    @stateful.rule(
        host=hosts,
        registered=st.booleans(),
        days=st.sampled_from((2, 2, 2, 0)),
        drawn=cleanings,
    )
    def clean(self, host, registered, days, drawn):
        self.world.leave_import(registered=registered)
        self.world.advance(days * DAY)
        host = self.world.hosts[host]
        self.world.clean(host, self.script(host, drawn))

    @stateful.rule(host=hosts, drawn=scripts)
    def sweep(self, host, drawn):
        host = self.world.hosts[host]
        self.world.sweep(host, self.script(host, drawn))

    @stateful.rule(host=hosts, chosen=st.sets(images), drawn=scripts)
    def sweep_what_is_old(self, host, chosen, drawn):
        for image in chosen:
            self.world.mark_old(image)
        self.sweep(host, drawn)

    @stateful.rule(host=hosts, image=images, drawn=scripts)
    def evict(self, host, image, drawn):
        host = self.world.hosts[host]
        self.world.evict(host, image, self.script(host, drawn))

    @stateful.rule(host=hosts, image=images, owner=owners, drawn=scripts)
    def hold(self, host, image, owner, drawn):
        host = self.world.hosts[host]
        self.world.hold(host, image, owner, self.script(host, drawn))

    @stateful.rule(host=hosts, image=images, owner=owners, drawn=scripts)
    def pin(self, host, image, owner, drawn):
        host = self.world.hosts[host]
        self.world.pin(host, image, owner, self.script(host, drawn))

    @stateful.rule(host=hosts, image=images, owner=owners, drawn=scripts)
    def drop(self, host, image, owner, drawn):
        host = self.world.hosts[host]
        self.world.drop(host, image, owner, self.script(host, drawn))

    @stateful.rule(image=images, starts=st.booleans())
    def spawn(self, image, starts):
        self.world.fetch(image)
        self.world.spawn(image, starts=starts)

    @stateful.rule()
    def fetch(self):
        for image in IMAGES:
            self.world.fetch(image)

    @stateful.rule(number=st.integers(0, 3))
    def end(self, number):
        self.world.end(number)
        for image in IMAGES:
            self.world.allow_removal(image)

    @stateful.rule(seconds=st.sampled_from((1, 61, 400, 1000, 4000)))
    def wait(self, seconds):
        self.world.advance(seconds)

    @stateful.rule(chosen=st.sets(images, min_size=1))
    def let_nova_age(self, chosen):
        """Nova's pass comes as often as it likes, and ours often enough."""
        world = self.world
        if world.monotonic() - world.swept > INTERVAL:
            world.is_full = False
            world.sweep(world.hosts[0], [])
        world.age_images(chosen)

    @stateful.rule(image=images, kind=st.sampled_from(OPERATORS))
    def let_somebody(self, image, kind):
        getattr(self, f'_{kind}')(None, image)

    @stateful.rule()
    def take_foreign(self):
        self.world.take_foreign()

    @stateful.invariant()
    def nothing_is_lost(self):
        if hasattr(self, 'world'):
            self.world.tally['steps'] += 1
            try:
                self.world.check()
            except Loss as loss:
                # Of other errors no shorter history is looked for.
                raise AssertionError(str(loss)) from loss

    def teardown(self):
        if not hasattr(self, 'world'):
            return
        try:
            if not self.world.losses:
                self.everybody_leaves()
        finally:
            TALLY.update(self.world.tally)
            TALLY['examples'] += 1
            self.tokens.stop()
            self.world.close()

    def everybody_leaves(self):
        """No label and no folder is for ever: in the end all images can go."""
        world = self.world
        world.is_full = False
        world.take_foreign()
        while world.machines:
            world.end(0)
        for _ in range(5):
            if world.all_left() <= set(world.foreign_names()):
                return
            # Again, for what lay aside is moved back with the pins it has.
            for image in IMAGES:
                for owner in world.list_pins(image):
                    world.drop(world.hosts[0], image, owner, [])
            # What vSphere refused once is tried again after some days.
            world.allow_all()
            world.advance(5 * DAY)
            world.sweep(world.hosts[0], [])
        assert world.all_left() <= set(world.foreign_names()), world.all_left()


def run_hosts(hosts, examples):
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        derandomize=not NEW,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    TALLY.clear()
    stateful.run_state_machine_as_test(hosts, settings=settings)
    print(dict(TALLY))


def test_hosts_and_nova_share_a_datastore():
    run_hosts(Hosts, PROFILE.vmware_examples)
    enough = PROFILE.vmware_examples >= MANY
    for what in (*HAPPENS, *(SELDOM if enough else ())):
        assert TALLY[what], f'nothing was {what}: {TALLY}'
