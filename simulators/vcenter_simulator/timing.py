"""How long things take; every number can be changed while it runs."""

import dataclasses


@dataclasses.dataclass(slots=True, kw_only=True)
class Timing:
    """Seconds, all of them, by the clock of the world.

    ``latency`` passes before every call, by our own clock.  ``work`` is how
    long a task takes by its method (or ``*``): none, and it has ended when
    the call is answered.  ``idle_end`` ends sessions that nobody uses,
    ``ticket_end`` tickets; ``finished_tasks`` is how long a task that has
    ended is remembered.
    """

    latency: float = 0.0
    work: dict[str, float] = dataclasses.field(default_factory=dict)
    idle_end: float = 1800.0
    ticket_end: float = 30.0
    finished_tasks: float = 600.0

    def of(self, method: str) -> float:
        """Give how long a task takes."""
        return self.work.get(method, self.work.get('*', 0.0))
