"""Debris rules: which folders broken operations left, by what is in them.

That nobody uses a folder, and that it is old, is looked at elsewhere.
"""

import re

from imagecache_handlers.labels import Marks
from imagecache_handlers_vmware.checking_aside import find_filled
from imagecache_handlers_vmware.checking_aside import is_abandoned
from imagecache_handlers_vmware.checking_aside import IsOver
from imagecache_handlers_vmware.checking_aside import Leftover
from imagecache_handlers_vmware.checking_aside import why_granted
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.label_folders import is_label
from imagecache_handlers_vmware.paths import AsideName

# Where Nova puts what it fetches, on each datastore.
TEMPORARY = 'vmware_temp'

_HEX = '[0-9a-f]'
_UUID = f'{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}'
_ANY = re.compile(_UUID)
# How Nova, and we, call the machine that an image is imported as; its folder.
SHADOW = 'OSTACK_IMG_'
_SHADOW = re.compile(f'{SHADOW}{_UUID}')
# What is on its way in to vSAN has a name that goes on so.
COMING = '.coming-'
_COMING = re.compile(rf'(.+){re.escape(COMING)}{_HEX}{{8}}')
# What Nova, and we, fetch a sparse disk as.
_SPARSE = frozenset({'tmp-sparse.vmdk', 'tmp-sparse-flat.vmdk'})
# Files of machines that need not bear the name of theirs.
_OF_MACHINES = r'disk(-\d+)?(-flat)?\.vmdk'
# Files of those that were started, or are more than an import, registered
# or not: what was written to their disks is nowhere else.
_OF_RUNS = re.compile(
    r'.*(\.(log|nvram|vswp|vmss|vmsn|vmem|vmtx)'
    r'|-\d{6}(-delta|-sesparse)?\.vmdk)'
)


def is_shadow(name: str) -> bool:
    """Tell if a folder at the top is of a machine that an image came as."""
    return bool(_SHADOW.fullmatch(name))


def why_temporary(tree: Tree) -> str | None:
    """Say why what lies where Nova fetches to is debris; None: it is not.

    Nothing is in it but a folder of the image's name, with its files.
    """
    if not _ANY.fullmatch(tree.path.name) or not _holds_labels(tree):
        return None
    images = _find_images(tree)
    known = {one.path.name for one in images}
    foreign = set(_find_foreign(tree.top)) - known
    for folder in images:
        foreign.update(
            one for one in _find_foreign(folder) if one not in _SPARSE
        )
    return None if foreign else 'fetching an image was cut off'


def why_coming(tree: Tree) -> str | None:
    """Say why what is on its way in to vSAN is debris; None: it is not.

    Nothing is in it but the files of the image, and labels.
    """
    named = _COMING.fullmatch(tree.path.name)
    if not named:
        return None
    found = ImageFolder(image_id=named[1], folder=tree.top)
    is_foreign = _is_foreign(tree, found)
    return None if is_foreign else 'adding an image was cut off'


def why_shadow(tree: Tree) -> str | None:
    """Say why a folder that an image was imported to is debris.

    Nothing is in it but the files of a machine of that name, which was never
    started.
    """
    own = re.compile(rf'{re.escape(tree.path.name)}[._-].*|{_OF_MACHINES}')
    found = _find_foreign(tree.top)
    if not all(map(own.fullmatch, found)) or any(map(_OF_RUNS.match, found)):
        return None
    is_fine = _holds_labels(tree) and not _find_images(tree)
    return 'importing an image was cut off' if is_fine else None


def why_half(tree: Tree, is_over: IsOver) -> str | None:
    """Say why what lies where images do is debris; None: it is not.

    Nothing is in it but what is of the image, or a label: neither a whole
    image, nor what somebody was granted.
    """
    name = tree.path.name
    found = ImageFolder(image_id=name, folder=tree.top)
    if not _ANY.fullmatch(name) or found.is_whole or _is_foreign(tree, found):
        return None
    marks = Marks.read(found.labels)
    if why_granted(marks, is_over) or not all(
        map(is_over, marks.claims.values())
    ):
        return None
    if not found.folder.files:
        return 'an image folder without a disk'
    missing = 'extent' if f'{name}.vmdk' in found.disks else 'descriptor'
    return f'an image folder without its {missing}'


def why_aside(
    tree: Tree, own: ImageFolder | None, is_over: IsOver
) -> str | None:
    """Say why what lies aside is debris; None: it is not, or not surely.

    ``own`` is the folder that it was moved from, if there is one again.
    What recovery puts back, or together, is not debris.
    """
    name = AsideName.read(tree.path.name)
    if name is None:
        return None
    found = ImageFolder(image_id=name.image_id, folder=tree.top)
    left = Leftover(image=found, own=own)
    if (
        not is_abandoned(found, is_over)
        or _is_foreign(tree, found)
        or why_granted(Marks.read(found.labels), is_over)
        or left.is_torn
    ):
        return None
    if left.is_replaced:
        return 'evicting it was cut off, and its image was fetched anew'
    return None if found.is_whole else 'evicting an image was cut off'


def _find_images(tree: Tree) -> list[Folder]:
    """Find the folders directly in it that are named as images are."""
    return [
        one
        for one in tree.below
        if one.path.parent == tree.path and _ANY.fullmatch(one.path.name)
    ]


def _holds_labels(tree: Tree) -> bool:
    """Tell if all else below it are folders of labels, with nothing in."""
    images = _find_images(tree)
    return all(
        is_label(one.path.name) and not one.files and not one.folders
        for one in tree.below
        if one not in images
    )


def _find_foreign(folder: Folder) -> tuple[str, ...]:
    return ImageFolder(image_id=folder.path.name, folder=folder).foreign


def _is_foreign(tree: Tree, found: ImageFolder) -> bool:
    """Tell if anything in it is not of the image."""
    return bool(found.foreign or find_filled(found, tree.below))
