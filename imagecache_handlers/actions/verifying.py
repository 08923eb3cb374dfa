"""Verifying: the bytes of images against the hash that they came with."""

from collections.abc import Callable
from collections.abc import Collection
import dataclasses
import enum
import hashlib
import logging

from imagecache_handlers.actions.evicting import evict_images
from imagecache_handlers.actions.guard import call_safely
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.setting_aside import SettingAside
from imagecache_handlers.actions.stores import collect_items
from imagecache_handlers.actions.stores import Found
from imagecache_handlers.actions.terms import make_terms
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.exceptions import Stopped
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

LOG = logging.getLogger(__name__)

_CHUNK = 2**20
# What keeps an image from going by itself, but not from being set aside.
_OVERRULED = frozenset({Reason.TOO_YOUNG, Reason.PROTECTED, Reason.DISABLED})


class Proof(enum.StrEnum):
    """What the bytes of an image prove."""

    WHOLE = 'whole'
    DIFFERS = 'differs'
    QUARANTINED = 'quarantined'  # it differed, and is set aside now
    IN_USE = 'in use'  # it differs, and somebody uses, holds or pins it
    ALTERED = 'not managed'  # it was an image, until its object was changed
    UNKNOWN = 'cannot be verified'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What came of one image; ``why`` says it of all but the whole."""

    image: CachedImage
    proof: Proof
    why: str = ''


TellVerified = Callable[[Verified], object]


def tell_no_proof(result: Verified) -> None:
    """Tell nobody what an image has proved to be."""


def verify_images(
    means: Means,
    image_ids: Collection[str] | None,
    stores: Collection[str] | None,
    evidence: Evidence,
    tell: TellVerified,
    should_stop: Callable[[], bool],
    *,
    quarantine: bool,
) -> Found[Verified]:
    """Read images again, those named or all, and set aside what differs.

    ``should_stop`` is asked as they are read; one that was not read to its
    end has no result.

    :raises NotSupported: when it is to set aside what it cannot.
    :raises StoreNotFound: when a named store does not exist.
    """
    if quarantine and not means.handler.sets_aside:
        raise NotSupported('set images aside')
    keys = None
    if image_ids is not None:
        keys = {means.key_of(one) for one in image_ids}
    verifier = _Verifier(means, evidence, should_stop, quarantine=quarantine)

    def verify_store(store: str) -> list[Verified]:
        results = _name_altered(means, store, keys)
        for one in results:
            tell(one)
        for image in means.handler.enumerate(store, keys):
            if should_stop():
                break
            try:
                results.append(verifier.verify_image(image))
            except Stopped:
                break
            tell(results[-1])
        return results

    return collect_items(means.handler, stores, verify_store)


def _name_altered(
    means: Means, store: str, keys: Collection[str] | None
) -> list[Verified]:
    """Name what is in no list any more, for it was changed."""
    return [
        Verified(image=one, proof=Proof.ALTERED, why=one.unknown or '')
        for one in means.handler.altered(store)
        if keys is None or one.image_id in keys
    ]


class _Verifier:
    """Reads images, and sets aside what differs if it is to."""

    def __init__(
        self,
        means: Means,
        evidence: Evidence,
        should_stop: Callable[[], bool],
        *,
        quarantine: bool,
    ) -> None:
        self._means = means
        self._should_stop = should_stop
        self._quarantine = quarantine
        self._terms = make_terms(means, lambda: evidence, evidence)

    def verify_image(self, image: CachedImage) -> Verified:
        wanted = image.marks.sha256
        if wanted is None:
            why = 'no hash of it is on record'
            return Verified(image=image, proof=Proof.UNKNOWN, why=why)
        try:
            found = self._hash_content(image)
        except Stopped:
            raise
        except CacheError as error:
            why = str(error)
            return Verified(image=image, proof=Proof.UNKNOWN, why=why)
        if found == wanted:
            return Verified(image=image, proof=Proof.WHOLE)
        why = f'its sha256 is {found}, not {wanted}'
        LOG.info('Image %s: %s', image.image_id, why)
        if not self._quarantine:
            return Verified(image=image, proof=Proof.DIFFERS, why=why)
        return self._set_aside(image, why)

    def _hash_content(self, image: CachedImage) -> str:
        digest = hashlib.sha256()
        with self._means.handler.content(image) as content:
            while piece := call_safely(lambda: content.read(_CHUNK)):
                # Whoever owns a store may have it read for ever.
                if self._should_stop():
                    raise Stopped(image.image_id, 'it was not read to its end')
                digest.update(piece)
        return digest.hexdigest()

    def _set_aside(self, image: CachedImage, why: str) -> Verified:
        """Set it aside, by the claim and look of an eviction."""
        aside = SettingAside(self._means.handler)
        terms = dataclasses.replace(
            self._terms,
            means=dataclasses.replace(self._means, handler=aside),
            may_overrule=_may_overrule,
        )
        verdict = Verdict(image=image, evict=True, reason=Reason.ASKED, rank=0)
        [outcome] = evict_images(terms, image.store, [verdict]).outcomes
        if outcome.did is Did.EVICTED:
            why = f'{why}; it is at {aside.place}'
            return Verified(image=image, proof=Proof.QUARANTINED, why=why)
        if outcome.did is Did.GONE:
            why = 'it went meanwhile'
            return Verified(image=image, proof=Proof.UNKNOWN, why=why)
        kept = outcome.did is Did.KEPT
        reason = outcome.why or outcome.verdict.reason.value
        return Verified(
            image=image,
            proof=Proof.IN_USE if kept else Proof.DIFFERS,
            why=f'{why}; it stays: {reason}',
        )


def _may_overrule(image: CachedImage, blocker: Blocker) -> bool:
    return blocker.reason in _OVERRULED
