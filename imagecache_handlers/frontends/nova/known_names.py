"""Known names: images by their ids, where a backend calls them otherwise."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable


class KnownNames:
    """The ids that were heard of, by what the backend makes of them.

    Nova's folder has images by a sha1 of their ids, which tells no id. Who
    used an image before tells it still when nobody does any more.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn_names(
        self, image_ids: Iterable[str], key_of: Callable[[str], str]
    ) -> None:
        new = set(image_ids).difference(self._names.values())
        self._names |= {key_of(image_id): image_id for image_id in new}

    def keep_only(self, keys: Collection[str]) -> None:
        """Forget what is in no store any more."""
        self._names = {
            key: name for key, name in self._names.items() if key in keys
        }

    def find_name(self, key: str) -> str:
        """Give the id, or what the backend calls it."""
        return self._names.get(key, key)
