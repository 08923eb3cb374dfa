"""How long things take; every number can be changed while it runs."""

import dataclasses


@dataclasses.dataclass(slots=True, kw_only=True)
class Timing:
    """Seconds, all of them.  Limits are true to life, work takes no time.

    ``latency`` passes before every call; ``work`` by method (or ``*``) while
    a storage operation holds its SR; ``release`` is how much longer than its
    work the control domain holds a disk that it copied or filled.
    ``detach`` is how long the data of a snapshot waits to be given up by
    machines; ``assumed_dead`` is when the leader believes that a host is down.
    ``collect`` is the rest before the collector begins, None: it only works
    when asked to.  ``statistics`` is how often ``physical_utilisation`` of
    all SRs is read anew, None: never by itself.  ``event_batch`` passes
    between a change and the answer of who waits for it.
    """

    latency: float = 0.0
    work: dict[str, float] = dataclasses.field(default_factory=dict)
    release: float = 0.0
    detach: float = 4.0
    assumed_dead: float = 600.0
    queue_limit: float = 7200.0
    wrong_password: float = 5.0
    idle_end: float = 86400.0
    collect: float | None = 0.5
    statistics: float | None = 120.0
    finished_tasks: float = 3900.0
    pending_tasks: float = 86400.0
    event_batch: float = 0.05

    def of(self, method: str) -> float:
        """Give how long a storage operation takes."""
        name = method.removeprefix('Async.')
        return self.work.get(name, self.work.get('*', 0.0))
