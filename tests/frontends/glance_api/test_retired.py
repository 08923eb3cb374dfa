"""What is asked of Glance, how much, and what is believed of it."""

import logging
import threading

import pytest

from imagecache_handlers.exceptions import ImageServiceUnavailable
from imagecache_handlers.frontends.glance_api.retired import GlanceRetired
from imagecache_handlers.model import Retired
from tests.frontends.glance_api.glance_double import GlanceDouble
from tests.frontends.glance_api.glance_double import make_id

DELETED, DEACTIVATED = Retired.DELETED, Retired.DEACTIVATED
IDS = [make_id(number) for number in range(6)]


@pytest.fixture
def glance():
    return GlanceDouble(6)


def test_what_is_deleted_or_deactivated_is_told(glance):
    glance.delete(0, 1)
    glance.set_status(2, 'deactivated')
    said = GlanceRetired(glance)(IDS)
    assert said == {
        IDS[0]: DELETED,
        IDS[1]: DELETED,
        IDS[2]: DEACTIVATED,
    }


def test_each_is_asked_for_once_between_two_proofs(glance):
    glance.delete(0)
    GlanceRetired(glance)(IDS)
    assert glance.requests == ['', *IDS, IDS[0], '']


@pytest.mark.parametrize('status', ['active', 'deactivated'])
def test_one_that_lags_condemns_nothing(glance, status):
    """Of several behind one address one has not heard of it yet."""
    known = glance.images[IDS[0]]
    glance.delete(0)

    def catch_up(number):
        if number == 1 + len(IDS):
            glance.images[IDS[0]] = status, *known[1:]

    glance.before = catch_up
    said = GlanceRetired(glance)(IDS)
    assert said == ({} if status == 'active' else {IDS[0]: DEACTIVATED})


def test_one_proof_is_enough_where_nothing_is_missing(glance):
    assert GlanceRetired(glance)(IDS) == {}
    assert glance.requests == ['', *IDS]


def test_names_that_are_no_uuids_are_not_asked_for(glance):
    others = [
        'golden',
        '0' * 40,
        IDS[0].upper() + 'x',
        f'{IDS[0]}/../x',
        f'{IDS[0]}\n',
        'x' + IDS[0],
    ]
    assert GlanceRetired(glance)(others) == {}
    assert glance.requests == []
    glance.delete(1)
    assert GlanceRetired(glance)([*others, *IDS]) == {IDS[1]: DELETED}


def test_who_does_not_see_all_condemns_nothing_that_is_missing(glance, caplog):
    # That account cannot tell a private image of others from none at all.
    glance.admin = False
    glance.images[IDS[0]] = 'active', 'private', 'project-a'
    glance.set_status(2, 'deactivated')
    assert GlanceRetired(glance)(IDS) == {IDS[2]: DEACTIVATED}
    assert '1 of 6' in caplog.text
    assert 'administrator' in caplog.text


@pytest.mark.parametrize('at', [0, 1, 4, 7, 8])
def test_who_sees_less_half_way_condemns_nothing(glance, at):
    glance.delete(0)

    def demote(number):
        if number == at:
            glance.admin = False

    glance.before = demote
    assert GlanceRetired(glance)(IDS) == {}


@pytest.mark.parametrize('at', [1, 4, 7, 8])
def test_who_sees_more_half_way_condemns_nothing(glance, at):
    glance.delete(0)
    glance.admin = False

    def promote(number):
        if number == at:
            glance.admin = True

    glance.before = promote
    assert GlanceRetired(glance)(IDS) == {}


def test_a_glance_that_finds_fewer_than_it_does_not_is_another_one(
    glance, caplog
):
    glance.delete(0, 1, 2)
    assert set(GlanceRetired(glance)(IDS)) == {*IDS[:3]}
    assert not caplog.text
    glance.delete(3)
    assert GlanceRetired(glance)(IDS) == {}
    assert 'it finds no more than 2' in caplog.text


def test_no_more_than_some_are_asked_for(glance, monkeypatch, caplog):
    module = 'imagecache_handlers.frontends.glance_api.retired'
    monkeypatch.setattr(f'{module}._MOST', 4)
    glance.delete(0, 5)
    assert GlanceRetired(glance)(reversed_set(IDS)) == {IDS[0]: DELETED}
    assert glance.requests == ['', *IDS[:4], IDS[0], '']
    assert '4 of 6' in caplog.text


def reversed_set(ids):
    return dict.fromkeys(reversed(ids)).keys()


def test_all_together_take_a_minute_at_most(glance):
    glance.delete(0)
    seconds = iter(range(0, 1000, 15))
    retired = GlanceRetired(glance, clock=lambda: float(next(seconds)))
    with pytest.raises(ImageServiceUnavailable, match='over 60 s'):
        retired(IDS)
    assert glance.requests == ['', *IDS[:4]]


def test_many_are_asked_for_by_four_at_once():
    glance = GlanceDouble(40)
    together = threading.Barrier(4)

    def meet(number):
        # Nobody goes on before four have come.
        if number:
            together.wait(60)

    glance.before = meet
    assert GlanceRetired(glance)([make_id(one) for one in range(40)]) == {}
    assert len(glance.requests) == 41


def test_after_one_failure_the_rest_is_not_asked_for(monkeypatch):
    glance = GlanceDouble(400)
    first = make_id(0)
    look_up = glance.look_up
    failing = []
    has_begun = threading.Event()

    def fail(image_id):
        if image_id == first:
            failing.append(threading.current_thread())
            has_begun.set()
            raise ImageServiceUnavailable('Glance', '503')
        has_begun.wait(60)
        if threading.current_thread() not in failing:
            failing[0].join(60)
        return look_up(image_id)

    monkeypatch.setattr(glance, 'look_up', fail)
    with pytest.raises(ImageServiceUnavailable, match='503'):
        GlanceRetired(glance)([make_id(one) for one in range(400)])
    # Those that were under way by then.
    assert len(glance.requests) <= 1 + 4


def test_nothing_is_asked_of_nothing(glance, caplog):
    caplog.set_level(logging.DEBUG)
    assert GlanceRetired(glance)([]) == {}
    assert glance.requests == []
    assert not caplog.text
