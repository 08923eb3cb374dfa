"""Processes that use folders at once, and may be killed at any moment.

Each plays one part over and over, every time in one of the folders, and
holds what it is promised against what really lies there.  An image tells by
itself whether it is whole.
"""

import collections
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import fcntl
import hashlib
import io
import logging
import os
import pathlib
import random
import secrets
import shutil
import subprocess
import time
import traceback

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageExists
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageMeta
from imagecache_handlers import ImageNotFound
from imagecache_handlers import Rules
from tests.directory import disks
from tests.directory.place import full
from tests.directory.place import no_space
from tests.directory.place import sha1

SECOND = datetime.timedelta(seconds=1)
SKEW = SECOND / 5
CLAIM = 14 * SECOND
LEASE = 12 * SECOND
PATIENCE = 18 * SECOND  # longer than a claim, or a lease, of the dead lasts
# Until when what was made of a held image has to be seen as its user.
IN_TIME = (LEASE / 2 - SKEW).total_seconds()
IDS = [f'image-{number:02}' for number in range(40)]

# What most want most of the time.
HOT = IDS[:3]

# Part of the game where several work on one image; nothing else is.
FAIR = ImageBusy, ImageExists, ImageInUse, ImageNotFound

# What lies among the instances and is none.
BESIDE = {'resident', '_base', 'locks'}
# To which Nova resizes an image.
SIZES = 1, 20
# What is Nova's in its folder, and no image.
FOREIGN = {'swap_1024', 'ephemeral_20_40d1d2c'}


class Loss(Exception):
    """What was promised is not so."""


def choose() -> str:
    return random.choice(random.choice([IDS, HOT]))


def content(image_id: str) -> bytes:
    """Make an image that another process knows to be whole, or not."""
    number = int(image_id.partition('-')[2])
    body = f'{image_id} '.encode() + os.urandom(5000 * (1 + number))
    return hashlib.sha256(body).digest() + body


def check(image_id: str, data: bytes) -> None:
    body = data[32:]
    if hashlib.sha256(body).digest() != data[:32]:
        raise Loss(f'{image_id} of {len(data)} bytes is not whole')
    if not body.startswith(f'{image_id} '.encode()):
        raise Loss(f'{image_id} is another image')


class Slowly(io.BytesIO):
    """Content that comes in pieces, so that death can come in between."""

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(random.random() / 100)
        return super().read(20_000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """The folders that everybody works in, and what is counted there."""

    root: pathlib.Path
    layout: str
    overlays: bool  # the handler looks at the disks of instances

    def __post_init__(self) -> None:
        for name in 'counts', 'losses', 'instances/locks':
            (self.root / name).mkdir(parents=True)
        self.folder.mkdir()
        # Where no disk is at all, a mount may be missing.
        disks.resident(self.root / 'instances')
        for name in self.foreign:
            (self.folder / name).write_bytes(b'not an image')

    @property
    def folder(self) -> pathlib.Path:
        nova = self.layout == 'nova'
        return self.root / ('instances/_base' if nova else 'images')

    @property
    def path(self) -> str:
        return str(self.folder)

    @property
    def foreign(self) -> set[str]:
        return FOREIGN if self.layout == 'nova' else set()

    def name(self, image_id: str) -> str:
        return sha1(image_id) if self.layout == 'nova' else image_id

    def image_id(self, name: str) -> str:
        """Give the image that a file is, or is a resized copy of."""
        [found] = [one for one in IDS if name.startswith(self.name(one))]
        return found

    def file(self, image_id: str) -> pathlib.Path:
        return self.folder / self.name(image_id)

    def instance(self, name: str) -> pathlib.Path:
        return self.root / 'instances' / name

    def folders(self) -> list[pathlib.Path]:
        """Give the folders of all instances, made in time or not."""
        found = (self.root / 'instances').iterdir()
        return [one for one in found if one.name not in BESIDE]

    def count(self, event: str) -> None:
        """Count it so that it is counted even if one dies right after."""
        with open(self.root / 'counts' / event, 'ab', buffering=0) as file:
            file.write(b'.')

    def counts(self) -> collections.Counter[str]:
        files = (self.root / 'counts').iterdir()
        return collections.Counter(
            {file.name: file.stat().st_size for file in files}
        )

    def losses(self) -> list[str]:
        return [one.read_text() for one in (self.root / 'losses').iterdir()]

    def handler(
        self, clock: Callable[[], datetime.datetime] = utc_now
    ) -> DirectoryHandler:
        more = {}
        if self.overlays:
            more['instance_paths'] = [str(self.root / 'instances')]
        return DirectoryHandler(
            [self.path], layout=self.layout, clock=clock, **more
        )

    def cache(
        self,
        min_age: datetime.timedelta = SECOND,
        clock: Callable[[], datetime.datetime] = utc_now,
    ) -> ImageCache:
        rules = Rules(
            min_age=min_age,
            resized_min_age=min_age,
            claim_ttl=CLAIM,
            clock_skew=SKEW,
            removal=CLAIM / 2,
        )
        return ImageCache(
            self.handler(clock),
            rules,
            clock=clock,
            sleep=lambda seconds: time.sleep(seconds / 20),
        )

    def evidence(self) -> Evidence:
        """Tell what the handler does not see for itself, and no more."""
        as_of = utc_now()
        if self.overlays:
            return Evidence(as_of=as_of)
        users: dict[str, frozenset[str]] = {}
        for folder, name in self.instances():
            if _is_linked(folder / 'disk'):
                continue
            image_id = self.image_id(name)
            who = frozenset({folder.name})
            users[image_id] = users.get(image_id, frozenset()) | who
        return Evidence(users=users, complete=True, as_of=as_of)

    def instances(self) -> Iterator[tuple[pathlib.Path, str]]:
        """Give those that were made in time, with the file of each."""
        for folder in self.folders():
            # It may be going just now.
            with contextlib.suppress(FileNotFoundError):
                yield folder, (folder / 'made-of').read_text()

    def verify(self, name: str) -> None:
        """Have the folder show that file, whole."""
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise Loss(f'{name} is gone') from None
        check(self.image_id(name), data)

    def verify_instance(self, folder: pathlib.Path, name: str) -> None:
        self.verify(name)
        disk = folder / 'disk'
        if not _is_linked(disk):
            return
        if not os.path.samefile(disk, self.folder / name):
            raise Loss(f'{name} is not what {folder.name} links')

    def delete(self, folder: pathlib.Path) -> None:
        """Delete an instance: first it is none, then its disk goes."""
        for name in 'made-of', 'made-of.new', 'disk', 'disk.below':
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _is_linked(disk: pathlib.Path) -> bool:
    try:
        return disk.stat().st_nlink > 1
    except FileNotFoundError:
        return False


def add(scene: Scene) -> None:
    image_id = choose()
    data = content(image_id)
    meta = ImageMeta(image_id=image_id, size=len(data), disk_format='raw')
    scene.handler().add(meta, Slowly(data), scene.path)
    scene.count('add')
    time.sleep(random.random() / 5)


def sweep(scene: Scene) -> None:
    cache = scene.cache(random.choice([0, 0, 1, 2]) * SECOND)
    report = cache.sweep(scene.evidence)
    _judge(scene, report)
    time.sleep(random.random() / 5)


def _judge(scene: Scene, report: Report) -> None:
    scene.count('sweep')
    if report.plan.problems:
        raise Loss(str(report.plan.problems))
    for outcome in report.outcomes:
        scene.count(outcome.did.name.lower())
        if outcome.did in (Did.FAILED, Did.UNCERTAIN):
            raise Loss(f'{outcome.did}: {outcome.why}')


def clean(scene: Scene) -> None:
    handler = scene.handler()
    for piece in handler.debris(scene.path):
        handler.clean(piece)
        scene.count('clean')
    time.sleep(random.random() / 2)


def look(scene: Scene) -> None:
    """Hold every image that is listed against what lies there."""
    for image in scene.handler().enumerate(scene.path):
        with (
            contextlib.suppress(FileNotFoundError),  # evicted meanwhile
            open(scene.folder / image.location, 'rb') as file,
        ):
            check(scene.image_id(image.location), file.read())
            if image.size != os.fstat(file.fileno()).st_blocks * 512:
                raise Loss(f'{image.image_id} has not {image.size} bytes')
            scene.count('look')
    time.sleep(random.random() / 5)


def pin(scene: Scene) -> None:
    image_id, owner = choose(), secrets.token_hex(4)
    cache = scene.cache()
    # One that outlives its process ends by itself.
    until = utc_now() + 4 * SECOND
    for image in cache.pin(image_id, owner, until, timeout=PATIENCE):
        before = _inode(scene, image.location)
        time.sleep(random.random() / 2)
        after = _inode(scene, image.location)
        if utc_now() < until - SKEW:
            scene.count('pin')
            if before is None or before != after:
                raise Loss(f'{image_id} went although it was pinned')
    cache.unpin(image_id, owner)


def _inode(scene: Scene, name: str) -> int | None:
    try:
        return (scene.folder / name).stat().st_ino
    except FileNotFoundError:
        return None


def label(scene: Scene) -> None:
    """Write labels of one's own, and have each be there then."""
    handler, name = scene.handler(), f'site.{secrets.token_hex(4)}'
    key = handler.key(random.choice(HOT))
    for image in handler.enumerate(scene.path, {key}):
        for number in range(10):
            old, new = {f'{name}.{number}'}, {f'{name}.{number + 1}'}
            handler.mark(image, new, old)
            for found in handler.enumerate(scene.path, {key}):
                if (found.location, found.cached_at) != (
                    image.location,
                    image.cached_at,
                ):
                    continue
                if found.marks.labels_of('site', name[5:]) != new:
                    raise Loss(f'{new} of {image.image_id} is lost')
            scene.count('label')
        handler.mark(image, (), new)


def boot(scene: Scene) -> None:
    """Start an instance as a driver does that knows this library."""
    image_id, owner = choose(), secrets.token_hex(4)
    cache, name = scene.cache(), scene.name(image_id)
    images = cache.hold(image_id, owner, LEASE, timeout=PATIENCE)
    held = time.monotonic()
    if name not in [image.location for image in images]:
        cache.release(image_id, owner)
        return
    folder = scene.instance(owner)
    lost = _spawn(scene, folder, name)
    if not _is_late(scene, folder, held):
        if lost:
            raise Loss(f'{image_id} went although it was held: {lost}')
        _settle(folder, name)
        if not _is_late(scene, folder, held):
            cache.release(image_id, owner)
            _live(scene, folder, name)


def _is_late(scene: Scene, folder: pathlib.Path, held: float) -> bool:
    """Give up what is too late by its own fault, on a busy machine."""
    late = time.monotonic() - held > IN_TIME
    if late:
        scene.count('late')
        scene.delete(folder)
    return late


def _settle(folder: pathlib.Path, name: str) -> None:
    (folder / 'made-of.new').write_text(name)
    (folder / 'made-of.new').rename(folder / 'made-of')


def _spawn(scene: Scene, folder: pathlib.Path, name: str) -> str:
    """Make the disk of an instance; tell why if that cannot be."""
    folder.mkdir()
    try:
        scene.verify(name)
        time.sleep(random.random() / 2)
        _make_disk(scene, folder, scene.folder / name)
        scene.verify(name)
    except (FileNotFoundError, subprocess.CalledProcessError, Loss) as error:
        return str(error)
    return ''


def _make_disk(scene: Scene, folder: pathlib.Path, file: pathlib.Path) -> None:
    """Link the image, or have qemu-img lay overlays upon it.

    A handler that does not look at disks is told of those by evidence.
    """
    if random.random() < 0.5:
        os.link(file, folder / 'disk')
        scene.count('link')
    elif random.random() < 0.7:
        backing = [file, os.path.relpath(file, folder)]
        disks.create(folder / 'disk', random.choice(backing))
        scene.count('overlay')
    else:
        # In this order: the one below is what uses the image.
        disks.create(folder / 'disk.below', file)
        disks.create(folder / 'disk', 'disk.below', form='qcow2')
        scene.count('chain')


def _live(scene: Scene, folder: pathlib.Path, name: str) -> None:
    for _ in range(random.randrange(1, 5)):
        scene.verify_instance(folder, name)
        time.sleep(random.random() / 4)
    scene.verify_instance(folder, name)
    scene.delete(folder)
    scene.count('boot')


# Nova itself, which knows nothing of this library: its own locks, and the
# time of a file, are all that it gives and asks for.


@contextlib.contextmanager
def _locked(scene: Scene, name: str) -> Iterator[None]:
    """Hold a lock of Nova's as its own library does."""
    with open(scene.instance('locks') / f'nova-{name}', 'a+') as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def fetch(scene: Scene) -> None:
    """Fetch an image, or resize one, as Nova does."""
    image_id = choose()
    file = scene.file(image_id)
    resized = file.with_name(f'{file.name}_{random.choice(SIZES)}')
    with _locked(scene, file.name):
        if not file.exists():
            _arrive(file, content(image_id))
            scene.count('fetch')
        elif not resized.exists():
            _arrive(resized, file.read_bytes())
            scene.count('resize')
    time.sleep(random.random() / 5)


def _arrive(file: pathlib.Path, data: bytes) -> None:
    part = file.with_name(f'{file.name}.part')
    with open(part, 'wb') as target:
        shutil.copyfileobj(Slowly(data), target)
        target.flush()
        os.fsync(target.fileno())
    part.rename(file)


def spawn(scene: Scene) -> None:
    """Start an instance as Nova does: touch the image, then use it."""
    folder, file = scene.instance(secrets.token_hex(4)), scene.file(choose())
    folder.mkdir()
    with _locked(scene, file.name):
        images = [one for one in _copies(scene, file) if one.exists()]
        for image in images[:1]:
            os.utime(image)
            # Long enough for a sweep that knows nothing of the lock.
            time.sleep(random.random() / 4)
            disks.create(folder / 'disk', image)
    if images:
        _settle(folder, images[0].name)
        scene.count('spawn')
        _live(scene, folder, images[0].name)
    else:
        scene.delete(folder)


def _copies(scene: Scene, file: pathlib.Path) -> list[pathlib.Path]:
    """Give an image and its resized copies, in any order."""
    copies = [file, *(file.with_name(f'{file.name}_{size}') for size in SIZES)]
    return random.sample(copies, len(copies))


def fits(scene: Scene, play: Callable[[Scene], None]) -> bool:
    """Tell if a part can be played there."""
    if play is fetch:
        return scene.layout == 'nova'
    # Nova gives no evidence in time: its disks have to be seen.
    return play is not spawn or (scene.layout == 'nova' and scene.overlays)


def fork(scenes: Collection[Scene], play: Callable[[Scene], None]) -> int:
    """Start a process that plays one part for ever; give its id."""
    child = os.fork()
    if child == 0:
        _play([scene for scene in scenes if fits(scene, play)], play)
    return child


def _moody(*given: object) -> None:
    """Write a sidecar, or find that the disk is full for a moment."""
    if random.random() < 0.3:
        full()
    sidecar.write(*given)


def _play(scenes: Sequence[Scene], play: Callable[[Scene], None]) -> None:
    try:
        disks.die_with_parent()
        logging.disable()
        random.seed()
        with no_space(_moody):
            while True:
                with contextlib.suppress(*FAIR):
                    play(random.choice(scenes))
    except BaseException:
        name = f'{play.__name__}-{os.getpid()}'
        (scenes[0].root / 'losses' / name).write_text(traceback.format_exc())
    finally:
        os._exit(1)
