"""Model: who fetches an image, as every order of their steps would have it.

Each prefetcher is a step, and whether its reservation is there; each host has
a stage, which one of them has in hand at a time.  The rules that are
tried one by one are those of ``Reserving`` and ``ImagePrefetch``.
"""

import dataclasses
import typing

ENDED = frozenset({'cached', 'existing', 'dead'})


class Prefetcher(typing.NamedTuple):
    step: str = 'wait'
    # What others see of its reservation: none, live, over.
    reserved: str = 'none'
    looks: int = 0


class State(typing.NamedTuple):
    actors: tuple[Prefetcher, ...]
    listed: bool = False
    leased: bool = False
    hosts: int = 1
    # By host: who has its stage in hand, and if the image lies in it.
    holders: frozenset[tuple[int, int]] = frozenset()
    staged: frozenset[int] = frozenset()
    # Downloads that were begun, and what made more than one of them lawful.
    begun: int = 0
    lost: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """Which rules hold; each of them is there for a reason."""

    looks_first: bool = True
    writes_first: bool = True
    yields: bool = True
    looks_for_the_image: bool = True
    leases_with_the_publish: bool = True
    keeps_until_published: bool = True
    checks_before_publish: bool = True
    waits_empty_handed: bool = True


LOOKS = 2


def first_state(count: int = 2, hosts: int = 1) -> State:
    return State(actors=(Prefetcher(),) * count, hosts=hosts)


def next_states(state: State, rules: Rules) -> typing.Iterator[State]:
    for number, actor in enumerate(state.actors):
        yield from _expire(state, number, actor)
        if actor.step not in ENDED:
            yield from _do_step(state, number, actor, rules)
    # A sweep takes what nobody leased.
    if state.listed and not state.leased:
        yield state._replace(listed=False)


def die_anywhere(state: State) -> typing.Iterator[State]:
    """Whoever dies lets go of the stage, not of its reservation."""
    for number, actor in enumerate(state.actors):
        if actor.step not in ENDED:
            dead = actor._replace(step='dead')
            yield _put(_let_go(state, number), number, dead)


def _let_go(state: State, number: int) -> State:
    others = state.holders - {(number % state.hosts, number)}
    return state._replace(holders=others)


def _end(state: State, number: int, step: str) -> State:
    return _put(_let_go(state, number), number, Prefetcher(step))


def _put(state: State, number: int, actor: Prefetcher, **more) -> State:
    actors = list(state.actors)
    actors[number] = actor
    return state._replace(actors=tuple(actors), **more)


def _expire(state, number, actor):
    """One that died is not renewed, and one that stands still, once."""
    slow = actor.step in ('fetch', 'publish', 'alone') and not state.lost
    if actor.reserved == 'live' and (slow or actor.step == 'dead'):
        over = actor._replace(reserved='over')
        yield _put(state, number, over, lost=state.lost + 1)


def _has_rivals(state, number):
    return any(
        one.reserved == 'live'
        for other, one in enumerate(state.actors)
        if other != number
    )


def _do_step(state, number, actor, rules):
    match actor.step:
        case 'wait':
            if state.listed:
                yield _end(state, number, 'existing')
            elif not _has_rivals(state, number):
                step = 'write' if rules.writes_first else 'alone'
                yield _put(state, number, actor._replace(step=step, looks=0))
        case 'write':
            reserved = actor._replace(step='alone', reserved='live')
            yield _put(state, number, reserved)
        case 'alone':
            yield from _look_if_alone(state, number, actor, rules)
        case 'late':
            late = actor._replace(step='look', reserved='live')
            yield _put(state, number, late)
        case 'look':
            if state.listed and rules.looks_for_the_image:
                yield _end(state, number, 'existing')
            else:
                yield _put(state, number, actor._replace(step='open'))
        case 'open':
            yield from _open_stage(state, number, actor, rules)
        case 'fetch':
            staged = actor._replace(step='publish')
            if not rules.keeps_until_published:
                staged = staged._replace(reserved='none')
            hosts = state.staged | {number % state.hosts}
            yield _put(state, number, staged, staged=hosts)
        case 'publish':
            yield from _publish(state, number, actor, rules)
        case 'lease':
            if state.listed:
                state = state._replace(leased=True)
            yield _put(state, number, actor._replace(step='give'))
        case 'give':
            hosts = state.staged - {number % state.hosts}
            yield _end(state._replace(staged=hosts), number, 'cached')


def _open_stage(state, number, actor, rules):
    host = number % state.hosts
    if {other for there, other in state.holders if there == host} - {number}:
        if rules.waits_empty_handed:
            yield _put(state, number, Prefetcher())
        return
    state = state._replace(holders=state.holders | {(host, number)})
    if host in state.staged:
        yield _put(state, number, actor._replace(step='publish'))
    else:
        begun = actor._replace(step='fetch')
        yield _put(state, number, begun, begun=state.begun + 1)


def _look_if_alone(state, number, actor, rules):
    again = Prefetcher()
    if rules.writes_first and actor.reserved != 'live':
        yield _put(state, number, again)
    elif not _has_rivals(state, number):
        step = 'look' if rules.writes_first else 'late'
        yield _put(state, number, actor._replace(step=step))
    elif not rules.yields:
        yield _put(state, number, actor._replace(step='look'))
    elif number or actor.looks == LOOKS:
        # The smallest token stays, and not for ever.
        yield _put(state, number, again)
    else:
        yield _put(state, number, actor._replace(looks=actor.looks + 1))


def _publish(state, number, actor, rules):
    if rules.checks_before_publish and actor.reserved == 'over':
        if rules.waits_empty_handed:
            state = _let_go(state, number)
        yield _put(state, number, Prefetcher())
    elif state.listed:
        yield _end(state, number, 'existing')
    else:
        leased = rules.leases_with_the_publish
        step = 'give' if leased else 'lease'
        yield _put(
            state,
            number,
            actor._replace(step=step),
            listed=True,
            leased=leased,
        )


def find_fault(state: State) -> str | None:
    """Say what must never be."""
    fetching = [one for one in state.actors if one.step == 'fetch']
    live = [one for one in fetching if one.reserved == 'live']
    if len(live) > 1:
        return 'two fetch it at once'
    if state.begun > 1 + state.lost:
        return 'it was fetched again for nothing'
    if state.listed and not state.leased:
        return 'a sweep may take it'
    return None


def explore(
    rules: Rules, count: int = 2, hosts: int = 1
) -> tuple[int, str | None]:
    """Try every order of steps; tell the states, and the first fault."""
    first = first_state(count, hosts)
    known, queue = {first}, [first]
    parents: dict[State, list[State]] = {}
    ends = []
    while queue:
        state = queue.pop()
        if fault := find_fault(state):
            return len(known), fault
        following = list(next_states(state, rules))
        if not following or _is_over(state):
            ends.append(state)
        # Nobody has to die for another to go on.
        for one in following:
            parents.setdefault(one, []).append(state)
        for one in (*following, *die_anywhere(state)):
            if one not in known:
                known.add(one)
                queue.append(one)
    return len(known), _find_stuck(known, ends, parents)


def _is_over(state: State) -> bool:
    """Tell if all have ended, and those who did not die have the image."""
    if any(one.step not in ENDED for one in state.actors):
        return False
    alive = [one for one in state.actors if one.step != 'dead']
    return state.listed or not alive


def _find_stuck(known, ends, parents) -> str | None:
    """Say if anybody could wait for ever."""
    good = {state for state in ends if _is_over(state)}
    queue = list(good)
    while queue:
        for parent in parents.get(queue.pop(), ()):
            if parent not in good:
                good.add(parent)
                queue.append(parent)
    return None if good == known else 'somebody waits for ever'
