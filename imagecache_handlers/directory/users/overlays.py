"""Overlays: who has which file for backing, seen by all disks that lie around.

Those are the disks under the folders of instances, of libvirt's machines, and
what lies in the stores: images among themselves, and what is beside them.
What cannot be read or resolved is told as a problem, for nobody knows of what
it is a use.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import dataclasses

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.system.bounded import Bounded
from imagecache_handlers.directory.system.bounded import Hangs
from imagecache_handlers.directory.system.bounded import PATIENCE
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.users.chains import Chains
from imagecache_handlers.directory.users import definitions
from imagecache_handlers.directory.users.files import Judge
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.memory import Memory
from imagecache_handlers.directory.users.reading import Read
from imagecache_handlers.directory.users.reading import Reader
from imagecache_handlers.directory.users.second_look import SecondLook
from imagecache_handlers.directory.users.walk import Walk
from imagecache_handlers.directory.users.walked_files import Met

# One for each thread that a handler has, and none from long ago.
_MOST_LOOKS = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Which files lie below others, and whose those are.

    ``problems`` say what was not seen; then a file that has no users here
    may have some.  ``disks`` and ``folders`` were looked at, and ``met``
    tells how many disks there were under each path; ``sees``: all of the
    instances were looked at, so a file without users has none.
    """

    users: Mapping[Identity, Collection[str]]
    named: Mapping[str, Collection[str]]
    met: Mapping[str, int] = dataclasses.field(default_factory=dict)
    folders: int = 0
    problems: tuple[str, ...] = ()
    sees: bool = True

    @property
    def disks(self) -> int:
        return sum(self.met.values())

    @property
    def problem(self) -> str | None:
        """The first problem, and how many more there are."""
        if not self.problems:
            return None
        more = len(self.problems) - 1
        first = self.problems[0]
        return f'{first} (and {more} more)' if more else first

    def of(self, file: Identity, name: str) -> frozenset[str]:
        """Give the users of a file, by what it is and by its name."""
        users = frozenset(self.users.get(file, ()))
        return users.union(self.named.get(name, ()))


class Overlays:
    """The overlays under some folders, to be looked at again and again.

    ``stores``: the folders with images, and what tells what lies there.
    """

    def __init__(
        self,
        paths: Iterable[str],
        stores: Mapping[str, Judge],
        *,
        ignore: Iterable[str] = (),
        definitions: Iterable[str] = (),
        patience: float = PATIENCE,
    ) -> None:
        self.paths = tuple(paths)
        self._stores = dict(stores)
        self._ignored = Ignored(ignore)
        self._definitions = tuple(definitions)
        self._bounded = Bounded[Survey](patience)
        self._read = Read(Memory({}), Memory({}))
        # Looks to begin from; each is taken out while somebody does.
        self._looks: list[tuple[Callable[[], SecondLook], Survey]] = []

    def taking_for_image(self, store: str, name: str) -> 'Overlays':
        """Give the same, but for a file that is about to be an image there.

        Of what is raw nobody else could tell which files it names.
        """
        judge = self._stores[store]

        def tell_part(entry: str, names: Container[str]) -> Part:
            return Part.IMAGE if entry == name else judge(entry, names)

        other = Overlays(self.paths, self._stores | {store: tell_part})
        other._ignored, other._bounded = self._ignored, self._bounded
        other._definitions = self._definitions
        return other

    def survey(self) -> Survey:
        """Look at every disk, now.

        What was read before is not read again unless it has changed.
        """
        return self._run_bounded(self._take_survey)

    def survey_again(self) -> Survey:
        """Look once more, now: it says what ``survey`` would say.

        As long as that is what it said the last time, no more is done than
        to find that out.
        """
        return self._run_bounded(self._look_again)

    def _run_bounded(self, work: Callable[[Progress], Survey]) -> Survey:
        try:
            return self._bounded.run(work)
        except Hangs as error:
            why = f'{shown(str(error))}: it does not answer; is it mounted?'
            return Survey(
                users={}, named={}, problems=(why,), sees=bool(self.paths)
            )

    def _look_again(self, progress: Progress) -> Survey:
        with contextlib.suppress(IndexError):
            begin, survey = self._looks.pop()
            look = begin()
            if look.is_unchanged(progress):
                self._keep_look(lambda: look, survey)
                return survey
        return self._take_survey(progress)

    def _keep_look(
        self, begin: Callable[[], SecondLook], survey: Survey
    ) -> None:
        """Keep a look for the next one; others may be at theirs meanwhile."""
        self._looks = [*self._looks[-_MOST_LOOKS:], (begin, survey)]

    def _take_survey(self, progress: Progress) -> Survey:
        met = Met()
        read = self._read.again()
        said = [
            word
            for folder in self._definitions
            for word in definitions.read(folder, met, self._ignored, progress)
        ]
        definitions.agree(said, met, progress)
        walk = Walk(
            met,
            Reader(read),
            self._ignored,
            progress,
            self._stores,
            self.paths,
        )
        walk.look()
        self._read = read
        chains = Chains(met, self._ignored, progress)
        chains.follow()
        survey = Survey(
            users=chains.users,
            named=chains.named,
            met=met.under,
            folders=len(met.folders),
            problems=tuple(dict.fromkeys(met.problems + chains.problems)),
            sees=bool(self.paths),
        )
        # Of problems, and of what machines are defined, nothing is noted.
        if not survey.problems and not self._definitions:

            def begin() -> SecondLook:
                return SecondLook(
                    walk.facts, met, chains, self._ignored, self._stores
                )

            self._keep_look(begin, survey)
        return survey
