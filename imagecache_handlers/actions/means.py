"""Means: the handler, rules and clocks that every action works with."""

import dataclasses

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every action works with."""

    handler: GuardedHandler
    rules: Rules
    clocks: Clocks

    def key_of(self, image_id: str) -> str:
        """Give an image id as the backend lists it.

        :raises ValueError: when it cannot name an image.
        """
        return self.handler.key(check_image_id(image_id))

    def translate_evidence(self, evidence: Evidence) -> Evidence:
        """Name images as the backend lists them."""
        users: dict[str, frozenset[str]] = {}
        for image_id, who in evidence.users.items():
            key = self.handler.key(image_id)
            users[key] = users[key] | who if key in users else who
        retired = {
            self.handler.key(image_id): how
            for image_id, how in evidence.retired.items()
        }
        return dataclasses.replace(evidence, users=users, retired=retired)
