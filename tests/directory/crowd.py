"""Processes that use one folder at once, and may be killed at any moment.

Each plays one part over and over, and holds what it is promised against
what really lies there.  An image tells by itself whether it is whole.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import ctypes
import dataclasses
import datetime
import hashlib
import io
import logging
import os
import pathlib
import random
import secrets
import signal
import time
import traceback

from imagecache_handlers import Did
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageExists
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageMeta
from imagecache_handlers import ImageNotFound
from imagecache_handlers import Report
from imagecache_handlers import Rules
from imagecache_handlers.timing import utc_now
from tests.directory import disks

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
_DIE_WITH_PARENT = 1, signal.SIGKILL  # prctl(PR_SET_PDEATHSIG, ...)


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
    overlays: bool  # the handler looks at the disks of instances

    def __post_init__(self) -> None:
        for name in 'images', 'instances', 'counts', 'losses':
            (self.root / name).mkdir(parents=True)
        # Where no instance is at all, a mount may be missing.
        self.instance('resident').mkdir()
        (self.instance('resident') / 'disk').write_bytes(b'a raw disk')

    @property
    def path(self) -> str:
        return str(self.root / 'images')

    def file(self, image_id: str) -> pathlib.Path:
        return self.root / 'images' / image_id

    def instance(self, name: str) -> pathlib.Path:
        return self.root / 'instances' / name

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
        return DirectoryHandler([self.path], clock=clock, **more)

    def cache(
        self,
        min_age: datetime.timedelta = SECOND,
        clock: Callable[[], datetime.datetime] = utc_now,
    ) -> ImageCache:
        rules = Rules(
            min_age=min_age,
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
        for folder, image_id in self.instances():
            if _is_linked(folder / 'disk'):
                continue
            who = frozenset({folder.name})
            users[image_id] = users.get(image_id, frozenset()) | who
        return Evidence(users=users, complete=True, as_of=as_of)

    def instances(self) -> Iterator[tuple[pathlib.Path, str]]:
        """Give those that were made in time, with the image of each."""
        for folder in (self.root / 'instances').iterdir():
            # It may be going just now.
            with contextlib.suppress(FileNotFoundError):
                yield folder, (folder / 'made-of').read_text()

    def verify(self, image_id: str) -> None:
        """Have the folder show that image, whole."""
        try:
            data = self.file(image_id).read_bytes()
        except FileNotFoundError:
            raise Loss(f'{image_id} is gone') from None
        check(image_id, data)

    def verify_instance(self, folder: pathlib.Path, image_id: str) -> None:
        self.verify(image_id)
        disk = folder / 'disk'
        if not _is_linked(disk):
            return
        if not os.path.samefile(disk, self.file(image_id)):
            raise Loss(f'{image_id} is not what {folder.name} links')

    def delete(self, folder: pathlib.Path) -> None:
        """Delete an instance: first it is none, then its disk goes."""
        for name in 'made-of', 'made-of.new', 'disk':
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
            open(scene.file(image.location), 'rb') as file,
        ):
            check(image.image_id, file.read())
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
        before = _inode(scene, image.image_id)
        time.sleep(random.random() / 2)
        after = _inode(scene, image.image_id)
        if utc_now() < until - SKEW:
            scene.count('pin')
            if before is None or before != after:
                raise Loss(f'{image_id} went although it was pinned')
    cache.unpin(image_id, owner)


def _inode(scene: Scene, image_id: str) -> int | None:
    try:
        return scene.file(image_id).stat().st_ino
    except FileNotFoundError:
        return None


def label(scene: Scene) -> None:
    """Write labels of one's own, and have each be there then."""
    handler, name = scene.handler(), f'site.{secrets.token_hex(4)}'
    for image in handler.enumerate(scene.path, {random.choice(HOT)}):
        for number in range(10):
            old, new = {f'{name}.{number}'}, {f'{name}.{number + 1}'}
            handler.mark(image, new, old)
            for found in handler.enumerate(scene.path, {image.image_id}):
                same = found.cached_at == image.cached_at
                if same and found.marks.of('site', name[5:]) != new:
                    raise Loss(f'{new} of {image.image_id} is lost')
            scene.count('label')
        handler.mark(image, (), new)


def boot(scene: Scene) -> None:
    image_id, owner = choose(), secrets.token_hex(4)
    cache = scene.cache()
    if not cache.hold(image_id, owner, LEASE, timeout=PATIENCE):
        return
    held = time.monotonic()
    folder = scene.instance(owner)
    missing = _spawn(scene, folder, image_id)
    # Too late by its own fault, as a process on a busy machine may be.
    if time.monotonic() - held > IN_TIME:
        scene.count('late')
        scene.delete(folder)
        return
    if missing:
        raise Loss(f'{image_id} went although it was held')
    (folder / 'made-of.new').write_text(image_id)
    (folder / 'made-of.new').rename(folder / 'made-of')
    if time.monotonic() - held > IN_TIME:
        scene.count('late')
        scene.delete(folder)
        return
    cache.release(image_id, owner)
    _live(scene, folder, image_id)


def _spawn(scene: Scene, folder: pathlib.Path, image_id: str) -> bool:
    """Make the disk of an instance; True if the image is not there."""
    folder.mkdir()
    try:
        scene.verify(image_id)
        time.sleep(random.random() / 2)
        _make_disk(scene, folder, image_id)
        scene.verify(image_id)
    except (FileNotFoundError, Loss):
        return True
    return False


def _make_disk(scene: Scene, folder: pathlib.Path, image_id: str) -> None:
    """Link the image, or lay an overlay upon it.

    A handler that does not look at disks is told of those by evidence.
    """
    file = scene.file(image_id)
    if random.random() < 0.5:
        os.link(file, folder / 'disk')
        scene.count('link')
    else:
        (folder / 'disk').write_bytes(disks.header(str(file)))
        scene.count('overlay')


def _live(scene: Scene, folder: pathlib.Path, image_id: str) -> None:
    for _ in range(random.randrange(1, 5)):
        scene.verify_instance(folder, image_id)
        time.sleep(random.random() / 4)
    scene.verify_instance(folder, image_id)
    scene.delete(folder)
    scene.count('boot')


def fork(scene: Scene, play: Callable[[Scene], None]) -> int:
    """Start a process that plays one part for ever; give its id."""
    child = os.fork()
    if child == 0:
        _play(scene, play)
    return child


def _play(scene: Scene, play: Callable[[Scene], None]) -> None:
    try:
        ctypes.CDLL(None).prctl(*_DIE_WITH_PARENT)
        logging.disable()
        random.seed()
        while True:
            with contextlib.suppress(*FAIR):
                play(scene)
    except BaseException:
        name = f'{play.__name__}-{os.getpid()}'
        (scene.root / 'losses' / name).write_text(traceback.format_exc())
    finally:
        os._exit(1)
