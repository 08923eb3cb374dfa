"""The benchmark of the handler ``directory`` runs, and measures that."""

import json

import pytest

from benchmarks import directory
from benchmarks.directory_floor import bare
from benchmarks.directory_place import LAYOUTS
from benchmarks.directory_place import NOW
from benchmarks.directory_place import Place
from imagecache_handlers.planning.verdicts import Reason


@pytest.fixture(params=LAYOUTS)
def place(request, tmp_path):
    made = Place(root=tmp_path, count=10, layout=request.param)
    made.build()
    return made


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'directory.json'

    directory.main(['--sizes', '10', '300', '--json', str(file)])

    lines = capsys.readouterr().out.splitlines()
    rows = json.loads(file.read_text())['rows']
    assert len(lines) == 5
    assert [row['layout'] for row in rows] == ['plain', 'nova'] * 2
    assert [row['images'] for row in rows] == [10, 10, 300, 300]
    assert [row['evicted'] for row in rows] == [5, 5, 150, 150]
    assert [row['writes'] for row in rows] == [0] * 4
    # Where looks are cheap there are more of them.
    assert all(1 <= row['fresh looks'] <= row['evicted'] for row in rows)
    assert all(row['bare s'] > 0 for row in rows)


def test_half_of_the_images_is_used_and_half_too_young(place):
    report = directory.sweep(place.handler(), NOW)

    verdicts = report.plan.verdicts
    users = [len(one.image.users) for one in verdicts]
    reasons = {one.reason for one in verdicts}
    assert sorted(users) == [0] * 5 + [2] * 5
    assert reasons == {Reason.IN_USE, Reason.TOO_YOUNG}
    assert report.outcomes == ()


def test_an_overlay_is_one(place):
    used = {
        image.location: image.users
        for image in place.handler().enumerate(place.images)
    }

    assert used[place.name(2)] == {'instance-000002', 'instance-000003'}


def test_the_bare_arm_sees_every_image_and_every_overlay(place):
    assert bare(place) == 20
