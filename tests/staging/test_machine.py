"""Any history of cuts, stops, deaths and replacements ends in the image."""

import os
import shutil
import tempfile

import hypothesis
from hypothesis import stateful
from hypothesis import strategies

from imagecache_handlers import SourceError
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Stopped
from tests.profile import PROFILE
from tests.staging.clock import Ticks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of
from tests.staging.sources import random_bytes

SIZE = 100_000
PIECE = 2**12
# What may have come when a fetch is left, and is not written yet.
AHEAD = 4 * PIECE
CONTENTS = [random_bytes(SIZE, seed) for seed in range(2)]
PLACES = strategies.integers(0, SIZE - 1)


class Death(BaseException):
    """Stands for a kill: nothing of ours runs after it."""


class Staging(stateful.RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.stages = Stages(f'{self.folder}/s', clocks=Ticks().clocks)
        self.which = 0
        self.cuts = []
        self.known = {}  # bytes that are here, by content
        self.torn = False

    @property
    def content(self):
        return CONTENTS[self.which]

    @property
    def source(self):
        content = self.content
        return Memory(content, meta_of(content), cuts=self.cuts, piece=PIECE)

    @stateful.rule(places=strategies.lists(PLACES, max_size=4))
    def cut(self, places):
        self.cuts = sorted(places)

    @stateful.rule()
    def replace(self):
        self.which = 1 - self.which

    @stateful.rule(place=PLACES)
    def stop(self, place):
        self.leave(place, Stopped)

    @stateful.rule(place=PLACES)
    def die(self, place):
        self.leave(place, Death)

    def leave(self, place, error):
        """End a fetch once so many bytes are here."""
        done = 0

        def tell(count):
            nonlocal done
            done = count
            if error is Death and count >= place:
                raise Death

        source = self.source
        before = self.known.get(self.which, 0)
        try:
            with self.stages.open_stage(source.meta) as stage:
                stage.fetch_image(source, tell, lambda: done >= place > 0)
        except (Stopped, Death):
            pass
        self.known = {self.which: 0}
        self.known[self.which] = self.count_here()
        assert self.torn or source.given <= done - before + AHEAD

    def count_here(self):
        """Give the bytes that are here of the image."""
        [name] = [one for one in self.entries() if one.endswith('.stage')]
        return os.stat(f'{self.folder}/s/{name}').st_size

    def entries(self):
        return os.listdir(f'{self.folder}/s') if self.known else []

    @stateful.rule()
    def replace_meanwhile(self):
        """The source has another content than was described."""
        source, before = self.source, self.known.get(self.which, 0)
        was = source.meta
        source.meta = meta_of(CONTENTS[1 - self.which])
        source.content = CONTENTS[1 - self.which]
        try:
            with self.stages.open_stage(was) as stage:
                stage.fetch_image(source)
            assert before == SIZE or self.torn
        except SourceError as error:
            assert not error.retry
            before = 0
        self.known = {self.which: before}

    @stateful.rule()
    def tear(self):
        """A power cut: of some blocks only holes are left."""
        for name in self.entries():
            if name.endswith('.stage'):
                path = f'{self.folder}/s/{name}'
                size = os.stat(path).st_size
                os.truncate(path, size // 2)
                os.truncate(path, size)
        self.torn = True

    @stateful.rule()
    def finish(self):
        source, before = self.source, self.known.get(self.which, 0)
        with self.stages.open_stage(source.meta) as stage:
            fetched = stage.fetch_image(source)
            with stage.open_content() as (_, content, _):
                assert content.read() == self.content
        assert self.torn or source.given == fetched.size == SIZE - before
        self.known, self.torn = {self.which: SIZE}, False

    @stateful.invariant()
    def nothing_is_locked(self):
        left = self.entries()
        assert not any(name.endswith('.lock') for name in left)
        assert len(left) <= 2

    def teardown(self):
        shutil.rmtree(self.folder)


TestStaging = Staging.TestCase
TestStaging.settings = hypothesis.settings(
    max_examples=PROFILE.stage_examples, stateful_step_count=20
)
