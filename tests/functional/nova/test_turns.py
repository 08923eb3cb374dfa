"""Nova's own driver and our handler take turns in one cache, either order.

What is drawn are rounds of steps, and where the one comes between two calls
of the other.
"""

import random
import uuid

import pytest

from tests.functional.nova.turns import AGE
from tests.functional.nova.turns import taking_turns

*PLAIN, GOLDEN = IMAGES = [
    str(uuid.UUID(int=number)) for number in (1, 2, 3, 4)
]
ROUNDS = 120
# The calls of either, and how many there are of each in one of its turns.
OURS = (
    ('MakeDirectory', 2),
    ('SearchDatastoreSubFolders_Task', 3),
    ('RetrievePropertiesEx', 4),
    ('MoveDatastoreFile_Task', 1),
    ('DeleteVirtualDisk_Task', 2),
    ('DeleteDatastoreFile_Task', 1),
)
PASSING = (
    ('SearchDatastore_Task', 5),
    ('DeleteDatastoreFile_Task', 1),
    ('MakeDirectory', 1),
)
BOOTING = (
    ('CreateVM_Task', 1),
    ('SearchDatastore_Task', 3),
    ('MakeDirectory', 1),
    ('MoveDatastoreFile_Task', 1),
    ('CopyVirtualDisk_Task', 1),
    ('ReconfigVM_Task', 1),
)
DONE = (
    *('evicted', 'aged away', 'booted', 'held', 'pinned'),
    *('nova between', 'us between'),
)
SHIELD = 'ts-9999-01-01-00-00-00'


@pytest.fixture(scope='module')
def nova(tmp_path_factory):
    """One for all, for Nova starts slowly."""
    place = tmp_path_factory.mktemp('nova')
    with taking_turns(place, [GOLDEN]) as nova:
        yield nova


class Drawing:
    """Draws rounds, and what comes between two calls."""

    def __init__(self, world, seed):
        self.world = world
        self.random = random.Random(seed)  # noqa: S311

    def run_round(self):
        """Let an image get old, or not, and then do something."""
        world = self.world
        self.image = self.random.choice(IMAGES)
        if self.random.random() < 0.6:
            self.let_it_age()
        else:
            world.wait(self.random.choice((1, 200, 400)))
        for image in IMAGES:
            world.forgive(image)
        self.random.choice(
            (
                *(self.let_us_sweep,) * 4,
                *(self.let_nova_age,) * 3,
                *(self.let_nova_boot,) * 2,
                *(self.let_us_grant,) * 2,
                *(self.let_us_drop,) * 2,
            )
        )()
        world.vcenter.steering.clear()
        world.check()

    def let_it_age(self):
        """Have it there and unused, marked by either, until it is too old."""
        world = self.world
        if self.image not in world.list_images():
            world.boot(self.image)
        for instance in list(world.instances):
            if instance.image == self.image:
                world.shut(instance)
        if self.random.random() < 0.5:
            world.age()
        else:
            world.sweep(self.draw_host())
        world.wait(AGE / 2)
        world.wait(AGE / 2 + 1)

    # Ours, with Nova between.

    def let_us_sweep(self):
        self.world.sweep(self.draw_host(), self.draw_script())

    def let_us_grant(self):
        grant = self.random.choice((self.world.hold, self.world.pin))
        grant(self.draw_host(), self.draw_image(), 'vm-1', self.draw_script())

    def let_us_drop(self):
        self.world.drop(
            self.draw_host(), self.draw_image(), 'vm-1', self.draw_script()
        )

    def draw_script(self):
        """Have Nova do one thing between two calls of ours, or nothing."""
        method, count = self.random.choice(OURS)
        nth = self.random.randrange(count)
        image = self.draw_image()
        deed = self.random.choice(
            (
                lambda: self.world.boot(image),
                lambda: self.world.boot(image),
                self.world.age,
                self.shut_one,
            )
        )
        after = self.random.random() < 0.5
        return [(method, nth, after, self.count(deed, 'nova between'))]

    # Nova's, with us between.

    def let_nova_age(self):
        self.steer(PASSING)
        self.world.age()

    def let_nova_boot(self):
        self.steer(BOOTING)
        self.world.boot(self.draw_image())

    def shut_one(self):
        if self.world.instances:
            self.world.shut(self.random.choice(self.world.instances))

    def steer(self, calls):
        """Have a host do one thing between two calls of Nova, or nothing."""
        method, count = self.random.choice(calls)
        host, image = self.draw_host(), self.draw_image()
        deed = self.random.choice(
            (
                lambda: self.world.sweep(host),
                lambda: self.world.sweep(host),
                lambda: self.world.hold(host, image, 'vm-1', []),
                lambda: self.world.pin(host, image, 'vm-1', []),
                lambda: self.world.drop(host, image, 'vm-1', []),
            )
        )
        steer = self.random.choice(
            (self.world.vcenter.before, self.world.vcenter.after)
        )
        nth = self.random.randint(1, count)
        steer(method, self.count(deed, 'us between'), nth)

    def count(self, deed, what):
        def counted():
            self.world.tally[what] += 1
            deed()

        return counted

    def draw_host(self):
        return self.random.choice(self.world.hosts)

    def draw_image(self):
        """Choose an image: mostly the one that this round is about."""
        return self.random.choice((*IMAGES, self.image, self.image))


@pytest.fixture
def world(nova):
    nova.clear()
    return nova


def test_nothing_is_lost(world):
    for image in IMAGES:
        world.boot(image)
    world.sweep(world.hosts[0])
    world.protect(GOLDEN)
    drawing = Drawing(world, seed=1)
    for _ in range(ROUNDS):
        drawing.run_round()
    for what in DONE:
        assert world.tally[what] >= 3, f'too little was {what}: {world.tally}'


class TestMarks:
    """What one writes, the other reads, and neither writes again."""

    def test_ours_is_novas_to_the_second(self, world):
        world.boot_and_shut(PLAIN[0])
        sweep = lambda: world.sweep(world.hosts[0])  # noqa: E731
        assert world.count_writes(sweep) == 1
        [mark] = world.list_labels(PLAIN[0])
        assert mark == world.name_mark()
        for again in sweep, world.age, sweep:
            world.wait(100)
            assert world.count_writes(again) == 0
        assert world.list_labels(PLAIN[0]) == [mark]
        world.finish_age(PLAIN[0])
        world.age()
        assert world.list_images() == set()

    def test_novas_is_ours_to_the_second(self, world):
        world.boot_and_shut(PLAIN[0])
        assert world.count_writes(world.age) == 1
        [mark] = world.list_labels(PLAIN[0])
        assert world.read_mark(PLAIN[0]) == mark
        for again in (lambda: world.sweep(world.hosts[0])), world.age:
            world.wait(100)
            assert world.count_writes(again) == 0
        world.finish_age(PLAIN[0])
        world.sweep(world.hosts[0])
        assert world.list_images() == set()

    def test_use_ends_the_mark_of_the_other(self, world):
        world.boot(PLAIN[0])
        world.actors.age(PLAIN[0], world.monotonic())
        world.sweep(world.hosts[0])
        assert world.list_labels(PLAIN[0]) == ['ic-hits.1']
        world.shut(world.instances[0])
        world.sweep(world.hosts[0])
        assert world.name_mark() in world.list_labels(PLAIN[0])
        world.boot(PLAIN[0])
        assert world.list_labels(PLAIN[0]) == ['ic-hits.1']


class TestShields:
    """Nova keeps what we have it keep, whatever its minimum age."""

    def test_nova_keeps_what_is_pinned_and_protected(self, world):
        for image in IMAGES:
            world.boot_and_shut(image)
            world.forgive(image)
        host = world.hosts[0]
        world.pin(host, PLAIN[0], 'ops', [])
        world.sweep(host)
        for _ in range(2):
            world.wait(AGE / 3)
            world.age(age=0)
        assert world.list_images() == {PLAIN[0], GOLDEN}
        world.check()

    def test_a_pin_counts_before_the_next_sweep(self, world):
        world.boot_and_shut(PLAIN[0])
        world.age()
        world.finish_age(PLAIN[0])
        world.pin(world.hosts[0], PLAIN[0], 'ops', [])
        world.age()
        assert world.list_labels(PLAIN[0])[-1] == SHIELD
        world.check()

    def test_after_the_pin_the_age_is_what_it_was(self, world):
        world.boot_and_shut(PLAIN[0])
        world.age()
        marks = world.list_labels(PLAIN[0])
        host = world.hosts[0]
        world.pin(host, PLAIN[0], 'ops', [])
        world.sweep(host)
        world.drop(host, PLAIN[0], 'ops', [])
        world.sweep(host)
        assert world.list_labels(PLAIN[0]) == marks

    def test_use_of_what_is_shielded_restarts_the_age(self, world):
        world.boot_and_shut(PLAIN[0])
        host = world.hosts[0]
        world.pin(host, PLAIN[0], 'ops', [])
        world.sweep(host)
        for _ in range(2):
            world.wait(AGE / 2 + 1)
        world.boot_and_shut(PLAIN[0])
        world.drop(host, PLAIN[0], 'ops', [])
        world.sweep(host)
        assert world.read_mark(PLAIN[0]) == world.name_mark()

    def test_what_is_held_outlives_a_pass(self, world):
        world.boot_and_shut(PLAIN[0])
        world.age()
        world.finish_age(PLAIN[0])
        world.hold(world.hosts[0], PLAIN[0], 'vm-1', [])
        for seconds in 1, AGE - 2:
            world.advance(seconds)
            world.age()
            assert world.list_images() == {PLAIN[0]}


class TestDefects:
    """What Nova does wrong with its own marks, it does alone."""

    def test_a_malformed_mark_stops_nova_and_not_us(self, world):
        world.boot_and_shut(PLAIN[0])
        world.actors.make_folder(f'{world.path(PLAIN[0])}/ts-yesterday')
        world.tell_time()
        reply = world.driver.ask('sweep', used=[], age=AGE)
        assert 'ValueError' in reply['error']
        world.sweep(world.hosts[0])
        assert world.list_labels(PLAIN[0]) == [world.name_mark()]
        world.age()

    def test_of_two_marks_the_younger_counts(self, world):
        world.boot_and_shut(PLAIN[0])
        for ago in 2 * AGE, 1:
            world.actors.age(PLAIN[0], world.monotonic() - ago)
        world.sweep(world.hosts[0])
        assert world.list_images() == {PLAIN[0]}

    def test_use_ends_both_marks_for_us(self, world):
        world.boot_and_shut(PLAIN[0])
        for ago in 2 * AGE, 1:
            world.actors.age(PLAIN[0], world.monotonic() - ago)
        world.boot(PLAIN[0])
        # Nova takes any one of them away.
        assert len(world.list_labels(PLAIN[0])) == 1
        world.sweep(world.hosts[0])
        assert world.list_labels(PLAIN[0]) == ['ic-hits.1']
