"""Parts: what a name in the folder of a store says of its file."""

import enum


# Folders of ours beside the images: of those on their way in, of what a look
# at their bytes found to differ.  Neither holds what a machine may use.
INCOMING = '.imagecache-incoming'
QUARANTINE = '.imagecache-quarantine'
# Where root stages images in the store of somebody else, who could steer it
# by what they change in the one that is theirs.
ROOTS = '.imagecache-incoming-root'
FOLDERS = frozenset({INCOMING, QUARANTINE, ROOTS})


class Part(enum.Enum):
    """What lies there; a header that names other files counts in each."""

    IMAGE = 'an image: of no format that names others, it names none'
    NAMED = "another tool's, and where it looks like nothing, by its word"
    IGNORED = "an operator's: what cannot be told of it is ignored"
    OURS = 'what is written beside images: not a disk'
    FOREIGN = 'anything else: a disk like those of the instances'
