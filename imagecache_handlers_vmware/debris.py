"""Debris: what broken operations left on a datastore, and how it goes.

Fetches of Nova's that were cut off, folders of images that are none, and
what recovery leaves beside the base: unless a machine names it, or a day has
not passed since anything in it was changed.
"""

import datetime
import logging

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.model import Debris
from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.debris_looks import DebrisLook
from imagecache_handlers_vmware.debris_pieces import Piece
from imagecache_handlers_vmware.debris_removals import DebrisRemoval
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import read_path

LOG = logging.getLogger(__name__)


class DebrisFinding:
    """Finds and removes debris in the stores of one vCenter."""

    def __init__(
        self, looks: Looks, clocks: Clocks, skew: datetime.timedelta
    ) -> None:
        self._looks = looks
        self._clocks = clocks
        self._skew = skew

    def list_debris(self, store: str) -> list[Debris]:
        """List debris; see ``CacheHandler.debris``.

        :raises StoreUnavailable: when any of it cannot be read.
        """
        look = self._begin_look(store)
        pieces = look.find_pieces(look.parents)
        for piece in look.left:
            _warn_of_left(store, piece)
        return [_describe_piece(store, piece) for piece in pieces]

    def clean_debris(self, debris: Debris) -> int:
        """Remove debris that is so still; see ``CacheHandler.clean``.

        :raises StoreUnavailable: when it cannot be read, or not be begun.
        :raises Undeletable: when vSphere refuses it.
        :raises Uncertain: when it may be gone in part.
        """
        look = self._begin_look(debris.store)
        name = look.datastore.name
        path = read_path(debris.location, name)
        if path is None:
            return 0
        place = DatastorePath(name, path)
        for piece in look.find_pieces([place.parent]):
            if piece.tree.path == place:
                removal = DebrisRemoval(self._looks, look, self._clocks)
                return removal.remove_piece(piece)
        return 0

    def _begin_look(self, store: str) -> DebrisLook:
        time = Hindsight(now=self._clocks.now(), skew=self._skew)
        return DebrisLook(self._looks, self._looks.datastore(store), time)


def _warn_of_left(store: str, piece: Piece) -> None:
    LOG.warning(
        'Store %s: %s is called as what an import leaves, but holds %s, as '
        'that of a machine which ran does: it stays; delete it by hand if '
        "it is nobody's",
        store,
        piece.tree.path,
        piece.strange[0],
    )


def _describe_piece(store: str, piece: Piece) -> Debris:
    return Debris(
        store=store,
        location=str(piece.tree.path),
        size=piece.tree.size,
        since=piece.tree.changed_at,
        why=piece.why,
    )
