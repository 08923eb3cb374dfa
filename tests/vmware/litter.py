"""Litter: what broken operations leave on a datastore, by its age."""

import contextlib
import datetime

from imagecache_handlers.exceptions import CacheError
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import STORE
from vcenter_simulator.datastores.trees import walk_nodes
from vcenter_simulator.machines.homes import make_folder

TEMPORARY = f'[{STORE}] vmware_temp'
FETCH = f'{TEMPORARY}/5f0c5f0c-1111-4111-8111-111111111111'
SHADOW = f'[{STORE}] OSTACK_IMG_5f0c5f0c-2222-4222-8222-222222222222'
HALF = f'[{STORE}] {BASE}/{TWO}'
COMING = f'{HALF}.coming-5f0c5f0c'
ASIDE = f'[{STORE}] {BASE}_evict'
OVER = '20200101t000000z'
LEFT = f'{ASIDE}/{ONE}.{OVER}.5f0c'
DAY = datetime.timedelta(days=1)


class Litterer:
    """Leaves debris on the vCenter of a test, as its actors would."""

    def __init__(self, actors):
        self._actors = actors

    def leave_fetch(self):
        """Leave what Nova had fetched in part."""
        self.make_folders(TEMPORARY, FETCH, f'{FETCH}/{TWO}')
        self._actors.write_file(f'{FETCH}/{TWO}/{TWO}-flat.vmdk', b'x' * 9)
        return FETCH

    def leave_shadow(self):
        """Leave the folder of a machine that an image was imported as."""
        with self._actors._world.lock:
            make_folder(self._actors.place(SHADOW))
        self._actors.make_disk(f'{SHADOW}/disk.vmdk')
        return SHADOW

    def leave_half(self):
        """Leave a descriptor whose upload was refused: no extent."""
        self.make_folders(f'[{STORE}] {BASE}', HALF)
        self._actors.make_folder(f'{HALF}/ts-2026-01-01-00-00-00')
        self._actors.write_file(f'{HALF}/{TWO}.vmdk', b'x' * 9)
        return HALF

    def leave_empty(self):
        """Leave what a removal was cut off before, on vSAN: no disk."""
        self.make_folders(HALF, f'{HALF}/ts-2026-01-01-00-00-00')
        return HALF

    def leave_coming(self):
        """Leave what was on its way in to vSAN."""
        self.make_folders(COMING)
        self._actors.make_disk(f'{COMING}/{TWO}.vmdk')
        return COMING

    def leave_aside(self):
        """Leave an image aside that nobody claimed and was fetched anew."""
        if self._actors.place(f'[{STORE}] {BASE}/{ONE}').node is None:
            self._actors.cache(ONE)
        place = self._actors.place(f'[{STORE}] {BASE}/{ONE}')
        node = place.store.detach_node(place.parts)
        self.make_folders(ASIDE)
        place.store.add_node(self._actors.place(LEFT).parts, node)
        self._actors.cache(ONE)
        return LEFT

    def make_folders(self, *paths):
        for path in paths:
            if self._actors.place(path).node is None:
                self._actors.make_folder(path)

    def date(self, path, ago=2 * DAY):
        """Have all of it be changed last so long ago."""
        place = self._actors.place(path)
        moment = place.store.now() - ago.total_seconds()
        for _, node in walk_nodes(place.node):
            node.modified = moment


def take_turns(case, prepare, operate, act):
    """Operate once for each call that this takes, with somebody in between.

    Gives where it was, and what ``act`` gave, before the next vCenter.
    """
    for nth in range(1, 99):
        for place in 'before', 'after':
            case.start()
            prepare()
            handler = case.handler()
            list(handler.stores())
            turns = []

            def take(turns=turns):
                turns.append(act())

            getattr(case.vcenter, place)('*', take, nth=nth)
            with contextlib.suppress(CacheError):
                operate(handler)
            if not turns:
                return
            yield f'{place} call {nth}', turns[0]
            case.vcenter.stop()
