"""Trees of files and folders, with no knowledge of what lies in them."""

from collections.abc import Iterator
import dataclasses
from typing import TypeAlias


@dataclasses.dataclass(slots=True, eq=False)
class File:
    """A file.

    ``content`` may be shorter than ``size``: the rest reads as zeros.
    ``allocated`` is what it takes of the datastore, ``size`` unless told.
    ``writers`` and ``readers`` are the open handles of hosts: what is held
    by a writer nobody else opens, what is held at all nobody removes.
    """

    size: int = 0
    content: bytes = b''
    modified: float = 0.0
    allocated: int = -1
    writers: int = 0
    readers: int = 0

    def __post_init__(self) -> None:
        if self.allocated < 0:
            self.allocated = self.size

    @property
    def is_held(self) -> bool:
        return self.writers > 0 or self.readers > 0

    def copy_file(self, now: float) -> 'File':
        """Make the same file again, held by nobody."""
        return File(self.size, self.content, now, self.allocated)


@dataclasses.dataclass(slots=True, eq=False)
class Folder:
    """A folder; ``friendly_name`` is what a namespace is called."""

    modified: float = 0.0
    entries: 'dict[str, Node]' = dataclasses.field(default_factory=dict)
    friendly_name: str | None = None


Node: TypeAlias = File | Folder


def make_file(content: bytes, now: float) -> File:
    """Make a file of what it holds."""
    return File(len(content), content, now)


def walk_nodes(
    node: Node, parts: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Give a node and all below it, what lies in a folder after that."""
    yield parts, node
    if isinstance(node, Folder):
        for name, entry in list(node.entries.items()):
            yield from walk_nodes(entry, (*parts, name))


def count_nodes(node: Node) -> int:
    """Count a node and all below it."""
    if isinstance(node, File):
        return 1
    return sum(1 for _ in walk_nodes(node))


def sum_bytes(node: Node, folder_bytes: int) -> int:
    """Sum up what a node and all below it take."""
    if isinstance(node, File):
        return node.allocated
    return sum(
        entry.allocated if isinstance(entry, File) else folder_bytes
        for _, entry in walk_nodes(node)
    )


def is_held(node: Node) -> bool:
    """Tell if a host has a file in there open."""
    return any(
        isinstance(entry, File) and entry.is_held
        for _, entry in walk_nodes(node)
    )
