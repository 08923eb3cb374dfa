"""Chain: who shares bytes with a disk, whatever loops the records hold.

A clone of a disk shares with it a base copy, their parent; the bytes of a
chain are released when the last disk that hangs off it is gone.
"""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
from typing import NamedTuple

# The types of SR whose drivers write down the parent of each disk.  Of others
# nobody can tell who shares bytes with whom.  Those of a line have a driver in
# common, which does it.
KINDS = frozenset(
    {
        *('ext', 'file', 'largeblock', 'nfs', 'smb', 'xfs', 'zfs'),
        *('cephfs', 'glusterfs', 'moosefs'),
        *('lvm', 'lvmofcoe', 'lvmohba', 'lvmoiscsi'),
        'linstor',
    }
)


class Node(NamedTuple):
    """One disk or base copy: its parent, and the bytes of its own."""

    uuid: str
    parent: str | None
    size: int


class Kin(NamedTuple):
    """What hangs off the chain of one disk.

    ``size`` is what the chain holds, ``frees`` what is released when this
    disk goes.  ``unknown`` says where the chain could not be followed; what
    was found up to there holds all the same.
    """

    users: frozenset[str]
    size: int
    frees: int
    unknown: str | None


class Forest:
    """All disks of one SR, as they were at one moment."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.uuid: node for node in nodes}
        children: dict[str, list[str]] = collections.defaultdict(list)
        for node in self._nodes.values():
            if node.parent is not None:
                children[node.parent].append(node.uuid)
        self._children = children

    def is_settled_since(self, before: 'Forest | None') -> bool:
        """Tell if no chain is being changed just now, as far as it shows.

        The collector takes a parent off a disk to write another, and forgets
        base copies before it is done with what hung off them.  Two looks in
        a row that lack the same parent of a disk met a broken chain: no look
        will find it, and what may hang off an image keeps that as an orphan.
        """
        earlier = {} if before is None else before._nodes
        return not any(
            self._is_changing(node, earlier) for node in self._nodes.values()
        )

    def _is_changing(self, node: Node, earlier: Mapping[str, Node]) -> bool:
        had = earlier[node.uuid].parent if node.uuid in earlier else None
        if node.parent is None:
            return had is not None
        if node.parent in self._nodes:
            return False
        return node.parent in earlier or node.parent != had

    def parent(self, uuid: str) -> str | None:
        """Give the parent of a disk; None too of one that is not there."""
        node = self._nodes.get(uuid)
        return None if node is None else node.parent

    def chain(self, uuid: str) -> set[str]:
        """Give a disk and all its parents, as far as they are told."""
        passed: set[str] = set()
        at: str | None = uuid
        while at in self._nodes and at not in passed:
            passed.add(at)
            at = self._nodes[at].parent
        return passed

    def kin(self, uuid: str) -> Kin:
        """Follow the chain of a disk up to its root.

        :raises KeyError: when the disk itself is not there.
        """
        node = self._nodes[uuid]
        users = self._other_children(uuid, below=None)
        size, frees = node.size, 0 if users else node.size
        passed = {uuid}
        while (parent := node.parent) is not None:
            users |= self._other_children(parent, below=node.uuid)
            if parent in passed:
                why = f'its chain of parents loops at {parent}'
                return Kin(self._find_tips(users - passed), size, 0, why)
            if parent not in self._nodes:
                why = f'its parent {parent} has no record'
                return Kin(self._find_tips(users), size, 0, why)
            passed.add(parent)
            node = self._nodes[parent]
            size += node.size
            frees += 0 if users else node.size
        return Kin(self._find_tips(users), size, frees, None)

    def _find_tips(self, users: set[str]) -> frozenset[str]:
        """Give for base copies what hangs off them: nobody knows their names.

        Of anything there is at least one.
        """
        tips, waiting, met = set(), list(users), set(users)
        while waiting:
            one = waiting.pop()
            below = self._other_children(one, below=None) - met
            met |= below
            waiting += below
            if not below:
                tips.add(one)
        return frozenset(tips)

    def _other_children(self, uuid: str, below: str | None) -> set[str]:
        return {one for one in self._children.get(uuid, ()) if one != below}


def blind(kind: str) -> str | None:
    """Say why users cannot be seen in an SR of that type, if so."""
    if kind in KINDS:
        return None
    return f'an SR of type {kind!r} does not tell who shares its disks'
