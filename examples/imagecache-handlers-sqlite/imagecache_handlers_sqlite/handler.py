"""The handler ``sqlite``: the images in pools, as the library sees them."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime
import json
import sqlite3
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers import exceptions
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.labels import Marks
from imagecache_handlers import model

from imagecache_handlers_sqlite import pool as pools
from imagecache_handlers_sqlite.pool import Pool

# The mark is an image id, the shape that it is a clone of nothing: whoever
# copies a disk copies its metadata, and so its mark.
_IMAGES = """
SELECT id, image_id, size, created,
    (SELECT json_group_array(label) FROM label WHERE label.disk = disk.id),
    (SELECT json_group_array(name) FROM disk AS c WHERE c.parent = disk.id)
FROM disk
WHERE parent IS NULL AND image_id IS NOT NULL
"""


class SqliteHandler(CacheHandler):
    """Disk pools that SQLite catalogues; clones are seen as users."""

    parallel = 4
    # The edition of the contract that the kit tests it by.
    contract = 2
    # One query looks at all of them.
    batch = 64

    def __init__(self, *folders: Pool) -> None:
        self._pools = {str(pool.folder): pool for pool in folders}

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers_sqlite import opts

        opts.register_opts(conf)
        paths = conf[opts.GROUP].path
        if not paths:
            raise exceptions.ConfigurationError(
                f'the handler needs a pool: set [{opts.GROUP}] path'
            )
        return cls(*map(Pool, paths))

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[model.CachedImage]:
        query, values = _IMAGES, []
        if image_ids is not None:
            query += 'AND image_id IN (SELECT value FROM json_each(?))'
            values = [json.dumps(list(image_ids))]
        with self._pool(store) as pool, pool.reading() as db:
            rows = db.execute(query, values).fetchall()
        return [_image(store, row) for row in rows if _is_ours(row)]

    def evict(
        self, image: model.CachedImage, alive: Callable[[], bool] = always
    ) -> int | None:
        with self._pool(image.store, image.image_id) as pool:
            with pool.writing() as db:
                if (found := _find(db, image)) is None:
                    return 0
                if found.users:
                    raise exceptions.ImageInUse(image.image_id, found.users)
                check_claimed(image, found.marks.labels, alive)
                pools.delete(db, image.location)
            # A crash before this leaves debris, never half an image.
            return pool.release(image.location)

    def mark(
        self,
        image: model.CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        name = image.image_id
        with self._pool(image.store, name) as pool, pool.writing() as db:
            if _find(db, image) is None:
                raise exceptions.ImageNotFound(name)
            pools.label(db, image.location, add)
            pools.unlabel(db, image.location, remove)

    def stores(self) -> Iterable[model.Store]:
        return [_store(name, pool) for name, pool in self._pools.items()]

    def room(self, meta: model.ImageMeta, store: str) -> int:
        return meta.size

    def add(
        self,
        meta: model.ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> model.CachedImage:
        name = meta.image_id
        if meta.disk_format != 'raw':
            raise exceptions.Unsupported(name, 'clones are of raw images')
        # Sooner than the catalogue, which refuses when all is transferred.
        if self.enumerate(store, [name]):
            raise exceptions.ImageExists(name)
        with self._pool(store, name) as pool:
            try:
                at = pool.add(
                    content,
                    'image',
                    size=meta.size,
                    image_id=name,
                    labels=labels,
                )
            except pools.Refused as error:
                raise exceptions.ImageExists(name, str(error)) from error
            except pools.Torn as error:
                raise exceptions.Unsupported(name, str(error)) from error
        return self._added(name, store, at)

    def _added(self, name: str, store: str, at: str) -> model.CachedImage:
        """Give what was added; from now on, "nothing changed" is a lie."""
        try:
            found = self.enumerate(store, [name])
        except exceptions.StoreUnavailable as error:
            raise exceptions.Uncertain(name, str(error)) from error
        for image in found:
            if image.location == at:
                return image
        raise exceptions.Uncertain(name, 'somebody removed it at once')

    def debris(self, store: str) -> Iterable[model.Debris]:
        with self._pool(store) as pool:
            return [
                model.Debris(
                    store=store,
                    location=disk_id,
                    size=stat.st_size,
                    since=_time(stat.st_mtime),
                    why='a file that is no disk',
                )
                for disk_id, stat in pool.strays()
            ]

    def clean(self, debris: model.Debris) -> int | None:
        if not pools.DISK_ID.fullmatch(debris.location):
            return 0
        with self._pool(debris.store) as pool:
            return pool.discard(debris.location)

    @contextlib.contextmanager
    def _pool(self, store: str, image_id: str = '') -> Iterator[Pool]:
        """Give a pool, and translate its errors: here, and nowhere else."""
        if store not in self._pools:
            known = ', '.join(self._pools)
            raise exceptions.StoreUnavailable(store, f'there is {known}')
        try:
            yield self._pools[store]
        except pools.PoolError as error:
            raise exceptions.StoreUnavailable(store, str(error)) from error
        except pools.CommitLost as error:
            raise exceptions.Uncertain(image_id, str(error)) from error


def _find(
    db: sqlite3.Connection, image: model.CachedImage
) -> model.CachedImage | None:
    """Give that very object as it is now; None: it is gone, or not ours."""
    values = image.location, image.image_id
    row = db.execute(f'{_IMAGES} AND id = ? AND image_id = ?', values)
    found = row.fetchone()
    return _image(image.store, found) if found and _is_ours(found) else None


def _is_ours(row: tuple[Any, ...]) -> bool:
    disk_id, image_id, *_ = row
    return bool(
        pools.DISK_ID.fullmatch(disk_id) and model.IMAGE_ID.fullmatch(image_id)
    )


def _image(store: str, row: tuple[Any, ...]) -> model.CachedImage:
    disk_id, image_id, size, created, labels, clones = row
    return model.CachedImage(
        image_id=image_id,
        store=store,
        location=disk_id,
        size=size,
        cached_at=_time(created),
        users=frozenset(json.loads(clones)),
        marks=Marks.read(json.loads(labels)),
    )


def _store(name: str, pool: Pool) -> model.Store:
    try:
        total, free, device = pool.usage()
    except pools.PoolError as error:
        return model.Store(name=name, problem=str(error))
    # Pools on one file system share its free space.
    return model.Store(
        name=name, total=total, free=free, pool=f'device {device}'
    )


def _time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
