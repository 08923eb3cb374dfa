"""Profile: how much the long tests do, chosen by ``IMAGECACHE_PROFILE``.

``quick`` (default) proves every promise in minutes; ``proof`` does the same
at full size.  The other variables ask for more, or less, of one thing, and
are described in CONTRIBUTING.rst.
"""

import dataclasses
import os


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    core_examples: int  # histories of two hosts and one store
    xenapi_examples: int  # the same, in a pool
    vmware_examples: int  # and on a vCenter
    tree_examples: int  # folders of arbitrary things
    stage_examples: int  # images cut off, killed and replaced on their way
    staged_size: int  # bytes that come in while memory is measured
    qemu_trees: int  # trees of disks that QEMU judges
    crowd_seconds: float  # for which many processes use and sweep folders
    hosts_seconds: float  # for which a few do so in a pool
    vmware_seconds: float  # and on a vCenter
    fleet_kills: int  # of agents, in fives, on each kind of board
    vcsim: bool  # whether a simulator in Go is built, and compared with


PROFILES = {
    'quick': Profile(
        core_examples=500,
        xenapi_examples=100,
        vmware_examples=40,
        tree_examples=50,
        stage_examples=60,
        staged_size=2**30,
        qemu_trees=120,
        crowd_seconds=40,
        hosts_seconds=10,
        vmware_seconds=6,
        fleet_kills=5,
        vcsim=False,
    ),
    'proof': Profile(
        core_examples=2000,
        xenapi_examples=500,
        vmware_examples=600,
        tree_examples=150,
        stage_examples=1000,
        staged_size=2**32,
        qemu_trees=2000,
        crowd_seconds=180,
        hosts_seconds=30,
        vmware_seconds=40,
        fleet_kills=25,
        vcsim=True,
    ),
}


_EXAMPLES = (
    'core_examples',
    'xenapi_examples',
    'vmware_examples',
    'tree_examples',
    'stage_examples',
)


def chosen() -> Profile:
    """Give the profile that the environment asks for."""
    profile = PROFILES[os.environ.get('IMAGECACHE_PROFILE') or 'quick']
    changes: dict[str, float] = {}
    if examples := os.environ.get('IMAGECACHE_EXAMPLES'):
        for name in _EXAMPLES:
            changes[name] = int(examples)
    if seconds := os.environ.get('IMAGECACHE_SECONDS'):
        changes['crowd_seconds'] = float(seconds)
    if trees := os.environ.get('IMAGECACHE_TREES'):
        changes['qemu_trees'] = int(trees)
    return dataclasses.replace(profile, **changes)


PROFILE = chosen()
# Always the same examples, unless somebody asks for so many new ones.
NEW = 'IMAGECACHE_EXAMPLES' in os.environ
