"""Users: the evidence that Nova's API gives of who uses which image."""

from collections.abc import Callable
from collections.abc import Iterable
import datetime
import logging

from oslo_config import cfg

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.nova_api.connection import Asked
from imagecache_handlers.frontends.nova_api.connection import Connection
from imagecache_handlers.frontends.nova_api.counting import check_count
from imagecache_handlers.frontends.nova_api.counting import count_servers
from imagecache_handlers.frontends.nova_api.doubts import Doubt
from imagecache_handlers.frontends.nova_api.listing import Listing
from imagecache_handlers.frontends.nova_api.servers import read_server
from imagecache_handlers.frontends.nova_api.servers import Server
from imagecache_handlers.model import Evidence
from imagecache_handlers.sources.login_loading import load_login
from imagecache_handlers.sources.services import NOVA

LOG = logging.getLogger(__name__)

# Servers come and go between two pages: a list that does not fit together is
# asked for once more.
_TRIES = 2


class NovaUsers:
    """Who uses which image, asked of Nova whenever it is called.

    With ``complete``, the caller's word that no host of the stores runs what
    this Nova does not know of, the evidence is complete if the list of
    servers is proven to be whole: every page came and was joined to the one
    before, no cell was down, each server on a hypervisor was listed, and none
    is in a state in which it may use an image that is not told.

    :raises EvidenceUnavailable: when Nova does not tell.
    """

    def __init__(
        self,
        nova: Asked,
        *,
        complete: bool,
        clock: Callable[[], datetime.datetime],
    ) -> None:
        self._nova = nova
        self._complete = complete
        self._clock = clock

    def __call__(self) -> Evidence:
        # Before asking: a server that comes meanwhile may be in no page.
        as_of = self._clock()
        gathered = Gathered()
        is_whole = any(self._gather(gathered) for _ in range(_TRIES))
        return Evidence(
            users=gathered.users,
            complete=self._complete and is_whole and not gathered.doubts,
            as_of=as_of,
        )

    def _gather(self, gathered: 'Gathered') -> bool:
        """Add all that are listed; tell if these are proven to be all."""
        gathered.begin()
        try:
            counted = count_servers(self._nova)
            gathered.add_servers(map(read_server, Listing(self._nova)))
            check_count(
                self._nova, counted, gathered.listed, gathered.hypervisors
            )
        except Doubt as doubt:
            _tell_doubt(str(doubt))
            return False
        if gathered.doubts:
            more = gathered.doubts - 1
            _tell_doubt(
                f'{gathered.doubt}{f", and {more} more" if more else ""}'
            )
        return True


def _tell_doubt(doubt: str) -> None:
    LOG.warning("Nova's list of servers proves use only: %s", doubt)


class Gathered:
    """What was told so far; ``doubts`` counts those of the last round."""

    def __init__(self) -> None:
        self._users: dict[str, set[str]] = {}
        self.begin()

    def begin(self) -> None:
        """Begin to list again; who was named before may well be there."""
        self.listed: set[str] = set()
        self.hypervisors: set[str] = set()
        self.doubts = 0
        self.doubt = ''

    @property
    def users(self) -> dict[str, frozenset[str]]:
        return {one: frozenset(who) for one, who in self._users.items()}

    def add_servers(self, servers: Iterable[Server]) -> None:
        for server in servers:
            self.listed.add(server.server_id)
            if server.hypervisor is not None:
                self.hypervisors.add(server.hypervisor)
            for image_id in server.images:
                self._users.setdefault(image_id, set()).add(server.server_id)
            if server.doubt:
                self.doubts += 1
                self.doubt = self.doubt or server.doubt


def load_users(
    conf: cfg.ConfigOpts,
    *,
    complete: bool,
    clock: Callable[[], datetime.datetime],
) -> NovaUsers:
    """Give what asks the Nova that ``[imagecache_nova]`` describes.

    Nobody is asked anything yet.

    :raises ConfigurationError: when an option is missing or of no use.
    """
    login = load_login(conf, NOVA)
    if complete and not (login.endpoint or login.region_name):
        # Of several regions any would be asked, and none knows the others.
        raise ConfigurationError(
            f'set [{NOVA.group}] region_name, or endpoint: --in-use-complete '
            f'is the word for one certain Nova'
        )
    nova = Connection(login)
    return NovaUsers(nova, complete=complete, clock=clock)
