"""Stage folders: where an image is made before anybody sees it.

Beside others of Nova's for what is on its way in, so that whatever is left
there is cleaned up by whoever does so.  On vSAN only what lies in the base
can be renamed to where images are: there it is in the base, under a name
that no image has.
"""

from collections.abc import Iterator
import contextlib
import logging
import secrets
import uuid

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_rules import COMING
from imagecache_handlers_vmware.debris_rules import TEMPORARY
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath

LOG = logging.getLogger(__name__)

# Seconds between tries to take half an image back.
_PAUSES = (0.5, 1.0, 2.0)


class StageFolder:
    """The folder of one image that comes in.

    ``path`` is that which becomes the image's, in ``top``, or is it.
    """

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        image_id: str,
        removing: Removing,
    ) -> None:
        self._looks = looks
        self._store = datastore.store.name
        self._waiting = looks.options.waiting
        self._removing = removing
        self._has_objects = datastore.has_namespaces
        self._disk = f'{image_id}.vmdk'
        if datastore.has_namespaces:
            name = f'{image_id}{COMING}{secrets.token_hex(4)}'
            self.top = self.path = looks.base(datastore).join(name)
        else:
            self.top = datastore.path(TEMPORARY).join(str(uuid.uuid4()))
            self.path = self.top.join(image_id)

    @contextlib.contextmanager
    def made(self) -> Iterator[DatastorePath]:
        """Make it, and remove it however this ends.

        It stays where it may yet become the image, of which half would be
        seen otherwise.
        """
        try:
            self._removing.make_folders(self.path)
            yield self.path
        except Uncertain as error:
            if self._has_gone():
                self._discard_folder()
            else:
                LOG.warning('%s may be left, as debris: %s', self.top, error)
            raise
        # Ctrl-C too: nobody else knows of it.
        except BaseException:
            self._discard_folder()
            raise
        self._discard_folder()

    def _has_gone(self) -> bool:
        """Tell if it is known to be the image's folder by now."""
        try:
            return self._looks.folder(self._store, self.path) is None
        except CacheError:
            return False

    def _discard_folder(self) -> None:
        """Remove it; an upload that broke off holds a file for a while."""
        for pause in (*_PAUSES, None):
            error = self._delete_folder()
            if error is None or is_gone(error):
                return
            if pause is not None:
                self._waiting.sleep(pause)
        LOG.warning('%s was left behind, as debris: %s', self.top, error)

    def _delete_folder(self) -> CacheError | None:
        try:
            if self._has_objects:
                # Without its descriptor an object is nobody's for ever.
                end = self._removing.delete_disk(self.path.join(self._disk))
                if end is not None and not is_gone(end):
                    return end
            [end] = self._removing.delete_folders([self.top]).values()
        except CacheError as caught:
            return caught
        return end
