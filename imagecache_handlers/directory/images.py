"""Images: files of a store, and who uses them, as cached images."""

from collections.abc import Callable

from imagecache_handlers.directory.folder import File
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage

# An extra hard link proves a user, but nobody can tell whose it is.
_LINKED = frozenset({'hard link'})


def describe_image(
    store: str,
    file: File,
    survey: Survey | None,
    why: str | None,
    read: Callable[[frozenset[str]], Marks] = Marks.read,
) -> CachedImage:
    """Describe one; ``why`` says what its users are not known for."""
    return CachedImage(
        image_id=file.image_id,
        store=store,
        location=file.name,
        variant=file.variant,
        size=file.size,
        frees=0 if file.linked else file.size,
        cached_at=file.cached_at,
        users=_users_of(file, survey),
        unknown=file.unknown or why,
        marks=read(file.labels),
    )


def _users_of(file: File, survey: Survey | None) -> frozenset[str] | None:
    seen = file.held | _LINKED if file.linked else file.held
    if survey is None:
        return seen or None
    users = survey.of(file.identity, file.name) | seen
    # Without folders of instances, that none is seen does not tell anything.
    return users if users or survey.sees else None
