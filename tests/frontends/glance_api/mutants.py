"""The questions to Glance, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

RETIRED = 'frontends/glance_api/test_retired.py::test_'
JUDGING = 'frontends/glance_api/test_judging.py::test_'
LIES = 'frontends/glance_api/test_lies.py::test_no_lie_retires_an_image'
TRUTH = 'frontends/glance_api/test_lies.py::test_'
SEES_ALL = f'{JUDGING}who_sees_private_images_of_two_projects_sees_all'


def mutant(name, module, old, new, killer):
    return Mutant(
        name=name,
        killer=killer,
        module=f'frontends/glance_api/{module}',
        old=old,
        new=new,
    )


MUTANTS = [
    mutant(
        'anybody has nothing at that place',
        'connection',
        'if answer.status == 404 and _says_none(body, image_id):',
        'if answer.status == 404:',
        LIES,
    ),
    mutant(
        'a gateway that names the image is Glance',
        'connection',
        "        and body.get('code') == '404 Not Found'\n",
        '',
        LIES,
    ),
    mutant(
        'a gateway that repeats the path is Glance',
        'connection',
        "        and '/' + image_id not in message\n",
        '',
        LIES,
    ),
    mutant(
        'what is not found is asked for once',
        'retired',
        '{**first, **self._look_up_all(missing, end)}',
        'first',
        f'{RETIRED}one_that_lags_condemns_nothing',
    ),
    mutant(
        'the Glance of any region is asked',
        'retired',
        'if not (login.endpoint or login.region_name):',
        'if False:',
        f'{TRUTH}of_several_regions_one_has_to_be_named',
    ),
    mutant(
        'whatever has a status is believed',
        'connection',
        "            or body.get('id') != image_id\n",
        '',
        LIES,
    ),
    mutant(
        'any list is one of images',
        'connection',
        "answer.status != 200 or body.get('schema') != '/v2/schemas/images'",
        'answer.status != 200',
        LIES,
    ),
    mutant(
        'what a proxy has kept is taken for fresh',
        'connection',
        ", 'Cache-Control': 'no-cache'}",
        '}',
        f'{TRUTH}the_truth_is_told',
    ),
    mutant(
        'any answer is one',
        'connection',
        'answer.check_status(200, 404)',
        'answer.check_status(200, 404, answer.status)',
        f'{TRUTH}what_is_wrong_is_told',
    ),
    mutant(
        'private images of one project prove that all are seen',
        'judging',
        'return len(owners) > 1',
        'return len(owners) > 0',
        SEES_ALL,
    ),
    mutant(
        'an image without an owner is that of a project',
        'judging',
        'if isinstance(owner, str) and owner:',
        'if True:',
        SEES_ALL,
    ),
    mutant(
        'images that are not private prove that all are seen',
        'judging',
        "if image.get('visibility') != 'private':",
        'if False:',
        SEES_ALL,
    ),
    mutant(
        'another Glance retires all that it does not know',
        'judging',
        'return 2 * count_missing(statuses) <= len(statuses)',
        'return True',
        f'{JUDGING}as_many_must_be_found_as_are_not',
    ),
    mutant(
        'what is not found is deleted in any case',
        'judging',
        'how = Retired.DELETED if believes_missing else None',
        'how = Retired.DELETED',
        f'{JUDGING}what_a_status_says',
    ),
    mutant(
        'the first proof alone counts',
        'retired',
        'not sees_all or not judging.sees_all(self._glance.list_private())',
        'not sees_all',
        f'{RETIRED}who_sees_less_half_way_condemns_nothing',
    ),
    mutant(
        'the last proof alone counts',
        'retired',
        'not sees_all or not judging.sees_all(self._glance.list_private())',
        'not judging.sees_all(self._glance.list_private())',
        f'{RETIRED}who_sees_more_half_way_condemns_nothing',
    ),
    mutant(
        'nobody counts what is found',
        'retired',
        'elif not judging.knows_enough(statuses):',
        'elif False:',
        f'{RETIRED}a_glance_that_finds_fewer_than_it_does_not_is_another_one',
    ),
    mutant(
        'any name is asked for',
        'retired',
        'sorted(filter(_UUID.fullmatch, image_ids))',
        'sorted(image_ids)',
        f'{RETIRED}names_that_are_no_uuids_are_not_asked_for',
    ),
    mutant(
        'all are asked for, however many',
        'retired',
        'self._look_up_twice(asked[:_MOST])',
        'self._look_up_twice(asked)',
        f'{RETIRED}no_more_than_some_are_asked_for',
    ),
    mutant(
        'no time ends it',
        'retired',
        'if self._clock() > end:',
        'if False:',
        f'{RETIRED}all_together_take_a_minute_at_most',
    ),
    mutant(
        'after a failure the rest is asked for',
        'side_by_side',
        'None if self._failures else next(self._left, None)',
        'next(self._left, None)',
        f'{RETIRED}after_one_failure_the_rest_is_not_asked_for',
    ),
    mutant(
        'who is left behind holds up the end',
        'side_by_side',
        "name='imagecache asking', daemon=True",
        "name='imagecache asking', daemon=False",
        'frontends/glance_api/test_side_by_side.py::'
        'test_who_is_left_behind_holds_up_no_end_of_the_process',
    ),
    mutant(
        'one answer may take as long as that of an image',
        'retired',
        'min(login.options.timeout, _TIMEOUT)',
        'login.options.timeout',
        f'{TRUTH}nobody_waits_long_for_what_changes_an_order_only',
    ),
]
