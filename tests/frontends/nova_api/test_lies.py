"""Lists that are not whole: none of them ever proves that an image is idle."""

import datetime

import pytest

from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.nova_api.users import NovaUsers
from tests.frontends.nova_api.nova_double import make_machines
from tests.frontends.nova_api.nova_double import NovaDouble

NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
COUNT, LIMIT = 22, 5
# Each page but the first begins with the last server of the one before.
PAGES = [5, 5, 5, 5, 5, 2]


class Liar:
    """Does to one page, by its number in the list, what a lie does."""

    def __init__(self, page, lie, machines=None):
        machines = machines or make_machines(COUNT)
        self.nova = NovaDouble(machines, max_limit=LIMIT)
        self.page, self.lie = page, lie
        self.sent = []
        self.nova.meddle = self.meddle

    def meddle(self, number, body):
        marker = self.nova.requests[-1][1].get('marker')
        if marker is None:
            self.sent = []
        at = len(self.sent)
        self.sent.append(body)
        return self.lie(self, dict(body)) if at == self.page else body

    def ask(self):
        users = NovaUsers(self.nova, complete=True, clock=lambda: NOW)
        return users()


def records(body):
    return body['servers']


def drop_one(at):
    def lie(liar, body):
        return body | {'servers': records(body)[:at] + records(body)[at + 1 :]}

    return lie


def cut_tail(at):
    def lie(liar, body):
        return {'servers': records(body)[:at]}

    return lie


def drop_link(liar, body):
    return {'servers': records(body)}


def claim_more(liar, body):
    return body | {'servers_links': [{'rel': 'next', 'href': 'x'}]}


def send_nothing(liar, body):
    return {'servers': []}


def send_nothing_and_more(liar, body):
    return {'servers': [], 'servers_links': [{'rel': 'next', 'href': 'x'}]}


def skip_page(liar, body):
    """Send the page after the one that was asked for."""
    query = dict(liar.nova.requests[-1][1])
    query['marker'] = records(body)[-1]['id']
    keep, liar.nova.meddle = liar.nova.meddle, lambda number, page: page
    _, found = liar.nova._list_servers(query)
    liar.nova.meddle = keep
    return found


def repeat_page(liar, body):
    return liar.sent[-2]


def turn_round(liar, body):
    return body | {'servers': records(body)[::-1]}


def repeat_one(liar, body):
    found = records(body)
    return body | {'servers': [*found[:-1], found[0]]}


def pass_over_cell(cell):
    """As Nova does for a cell that does not answer just then."""

    def lie(liar, body):
        there = {one.uuid for one in liar.nova.machines if one.cell != cell}
        found = [one for one in records(body) if one['id'] in there]
        return body | {'servers': found}

    return lie


def pass_over_cell_and_fill(liar, body):
    """The same, with the servers of the other one that follow."""
    keep = liar.nova.meddle
    liar.nova.meddle = lambda number, page: page
    machines = liar.nova.machines
    first = records(body)[0]['id']
    liar.nova.machines = [
        one for one in machines if one.cell != 'cell2' or one.uuid == first
    ]
    query = dict(liar.nova.requests[-1][1]) | {'marker': first}
    _, found = liar.nova._list_servers(query)
    liar.nova.machines, liar.nova.meddle = machines, keep
    both = [records(body)[0], *found['servers']][:LIMIT]
    return found | {'servers': both}


def fail(liar, body):
    return 503


def link_to_more(links):
    """Have a page say that others follow, in some way that is not Nova's."""
    return lambda liar, body: body | {'servers_links': links}


def not_a_list(found):
    return lambda liar, body: {'servers': found}


def make_lies():
    for page, size in enumerate(PAGES):
        for at in range(size):
            yield f'one-dropped-{page}-{at}', page, drop_one(at)
            yield f'tail-cut-{page}-{at}', page, cut_tail(at)
        last = page == len(PAGES) - 1
        yield f'empty-{page}', page, send_nothing
        yield f'empty-with-more-{page}', page, send_nothing_and_more
        yield f'failed-{page}', page, fail
        yield f'turned-round-{page}', page, turn_round
        yield f'named-twice-{page}', page, repeat_one
        yield f'null-{page}', page, not_a_list(None)
        yield f'text-{page}', page, not_a_list('none')
        yield f'link-of-text-{page}', page, link_to_more(['x'])
        yield f'link-of-lists-{page}', page, link_to_more([{'rel': ['next']}])
        yield f'link-of-none-{page}', page, link_to_more([{'href': 'x'}])
        if page:
            yield f'repeated-{page}', page, repeat_page
        if last:
            yield f'more-claimed-{page}', page, claim_more
        else:
            yield f'link-dropped-{page}', page, drop_link
            yield f'skipped-{page}', page, skip_page
            yield f'cell-passed-over-{page}', page, pass_over_cell('cell1')
            yield f'other-cell-{page}', page, pass_over_cell('cell2')
            yield f'cell-filled-{page}', page, pass_over_cell_and_fill


LIES = list(make_lies())


def test_the_truth_is_believed():
    assert Liar(-1, None).ask().complete


def test_there_are_enough():
    assert len(LIES) >= 100


@pytest.mark.parametrize(
    ('page', 'lie'), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES]
)
def test_no_lie_proves_absence(page, lie):
    liar = Liar(page, lie)
    try:
        said = liar.ask()
    except EvidenceUnavailable:
        return
    assert not said.complete
    assert len(liar.nova.requests) <= 2 * (len(PAGES) + 1 + 20)


# What shows by the pages, even of servers that are on no hypervisor.  That the
# first page is none, or all, shows by the others only.
TOLD = [
    lie
    for lie in LIES
    if lie[0].startswith(
        ('skipped', 'repeated', 'link-dropped', 'named-twice', 'turned-round')
    )
    and lie[0] not in ('skipped-0', 'link-dropped-0')
]


@pytest.mark.parametrize(
    ('page', 'lie'), [lie[1:] for lie in TOLD], ids=[lie[0] for lie in TOLD]
)
def test_pages_tell_of_themselves(page, lie):
    machines = make_machines(COUNT)
    for one in machines:
        one.vm_state, one.host = 'shelved_offloaded', None
    liar = Liar(page, lie, machines)
    liar.nova.extra_hypervisors = ['kvm-1']
    assert not liar.ask().complete


@pytest.mark.parametrize('page', range(len(PAGES)))
def test_a_lie_that_is_told_once_is_asked_about_again(page):
    liar = Liar(page, None)
    told = []

    def lie(liar, body):
        if told:
            return body
        told.append(page)
        return send_nothing(liar, body)

    liar.lie = lie
    assert liar.ask().complete
    assert told
