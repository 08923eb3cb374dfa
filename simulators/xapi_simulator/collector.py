"""What frees space, later: base copies go, and chains become shorter."""

import contextlib
import threading
import time

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.records import Row
from xapi_simulator.storage import META
from xapi_simulator.storage import Repository
from xapi_simulator.storage import Volume
from xapi_simulator.world import World

# How often the thread looks at what has no due time: old tasks, statistics.
_TICK = 0.25


class Collector:
    """sm's garbage collector, and xapi's periodic work, in a thread."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._refreshed = time.monotonic()
        world.kick = self.kick

    def start(self) -> None:
        self._world.stopped.clear()
        threading.Thread(target=self._loop, daemon=True).start()

    def stop(self) -> None:
        with self._changed:
            self._world.stopped.set()
            self._changed.notify_all()

    def kick(self, sr: str) -> None:
        """Let the collector look at an SR, after its rest."""
        rest = self._world.timing.collect
        if rest is not None:
            with self._changed:
                self._due.setdefault(sr, time.monotonic() + rest)
                self._changed.notify_all()

    def run(self, sr: str) -> int:
        """Collect everything in an SR, now; gives how many base copies."""
        self._world.records.get('SR', sr)
        disk = self._world.disks[sr]
        before = len(disk.volumes)
        with disk.lock:
            # One step may make another one possible, further up or down.
            while sum(self._step(disk, one) for one in _hidden(disk)):
                pass
        return before - len(disk.volumes)

    def _loop(self) -> None:
        while not self._world.stopped.is_set():
            for sr in self._next():
                # A disk or an SR may be forgotten at any moment.
                with contextlib.suppress(XapiError):
                    self.run(sr)
            self._world.tasks.collect()
            self._refresh()

    def _next(self) -> list[str]:
        with self._changed:
            now = time.monotonic()
            first = min(self._due.values(), default=now + _TICK)
            if not self._world.stopped.is_set():
                self._changed.wait(max(0.001, min(first - now, _TICK)))
            now = time.monotonic()
            due = [sr for sr, when in self._due.items() if when <= now]
            for sr in due:
                del self._due[sr]
            return due

    def _refresh(self) -> None:
        every = self._world.timing.statistics
        now = time.monotonic()
        if every is not None and now - self._refreshed >= every:
            self._refreshed = now
            for sr in list(self._world.disks):
                with contextlib.suppress(XapiError):
                    chains.refresh(self._world, sr)

    def _step(self, disk: Repository, base: Volume) -> bool:
        """Do one thing about a base copy; tells if there was one to do."""
        if base.uuid not in disk.volumes:
            return False
        children = disk.children(base.uuid)
        if not children:
            self._drop(disk, base)
            return True
        if len(children) == 1 and disk.is_vhd:
            return self._coalesce(disk, base, children[0])
        return False

    def _drop(self, disk: Repository, base: Volume) -> None:
        disk.remove(base.uuid)
        records = self._world.records
        if records.has_uuid('VDI', base.uuid):
            ref = records.by_uuid('VDI', base.uuid)
            chains.forget(self._world, ref, records.get('VDI', ref))
        self._world.steering.reach('after', 'gc#base')

    def _coalesce(self, disk: Repository, base: Volume, child: Volume) -> bool:
        """Merge a base copy with its only child, which inherits its place."""
        if not child.hidden and not self._may_merge(child):
            return False
        # Blocks of the child hide the same ones of its parent.
        both = min(child.used + base.used, child.virtual + META)
        disk.resize(child, both)
        disk.move(child, base.parent)
        disk.resize(base, 0)
        if self._world.records.has_uuid('VDI', child.uuid):
            ref = self._world.records.by_uuid('VDI', child.uuid)
            chains.show_parent(self._world, ref, disk)
        self._drop(disk, base)
        return True

    def _may_merge(self, leaf: Volume) -> bool:
        records = self._world.records
        if not records.has_uuid('VDI', leaf.uuid):
            return True
        row = records.get('VDI', records.by_uuid('VDI', leaf.uuid))
        return not (_is_cached_by_host(row) or _is_told_not_to(row))


def _is_cached_by_host(row: Row) -> bool:
    return bool(row['allow_caching']) or row['on_boot'] == 'reset'


def _is_told_not_to(row: Row) -> bool:
    told: str = row['other_config'].get('leaf-coalesce', '')
    return told == 'false'


def _hidden(disk: Repository) -> list[Volume]:
    return [one for one in disk.volumes.values() if one.hidden]
