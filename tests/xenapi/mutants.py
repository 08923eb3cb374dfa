"""The handler ``xenapi``, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

EVICTING = 'xenapi/test_evicting.py'
DEFECTS = 'xenapi/test_defects.py'
DISKS = 'xenapi/test_disks.py'
CHAIN = 'xenapi/test_chain.py'
ADDING = 'xenapi/test_adding.py'
SESSION = 'xenapi/test_session.py'
LEADERS = 'xenapi/test_leaders.py'


def mutant(name, module, old, new):
    return Mutant(name=name, module=module, old=old, new=new)


MUTANTS = [
    (
        EVICTING,
        mutant(
            'a claim of the dead counts as ours',
            'evicting',
            'max(claims) < now',
            'min(claims) < now',
        ),
    ),
    (
        EVICTING,
        mutant(
            'a claim is good to its end',
            'evicting',
            'timedelta(minutes=4)',
            'timedelta(0)',
        ),
    ),
    (
        EVICTING,
        mutant(
            'who asks between two tries is not heard',
            'evicting',
            'check_claimed(image, disk.labels, alive)',
            'check_claimed(image, image.marks.labels, alive)',
        ),
    ),
    (
        EVICTING,
        mutant(
            'nobody asks for the claim as the request leaves',
            'evicting',
            'check_claimed(image, image.marks.labels, alive)',
            'pass',
        ),
    ),
    (
        EVICTING,
        mutant(
            'nor how long it has been',
            'evicting',
            'self._check_time(image, _TO_ARRIVE)',
            'pass',
        ),
    ),
    (
        EVICTING,
        mutant(
            'the claim is asked for before the way is there',
            'wire',
            """    leave()
    yield body""",
            '    yield body',
        ),
    ),
    (
        EVICTING,
        mutant(
            'a destroy that was not made is remembered',
            'removal',
            """        except CacheError:
            self._forget(disk)
            raise""",
            """        except CacheError:
            raise""",
        ),
    ),
    (
        EVICTING,
        mutant(
            'a parent away for a moment is nobody',
            'evicting',
            'if parent and not disk.parent:',
            'if False:',
        ),
    ),
    (
        EVICTING,
        mutant(
            'a new parent is not noticed',
            'evicting',
            'survey is None or not survey.hangs(disk)',
            'survey is None',
        ),
    ),
    (
        EVICTING,
        mutant(
            'others are looked at after the disk itself',
            'evicting',
            """        survey = self._looks.latest(image)
        disk = self._looks.find(image)
""",
            """        disk = self._looks.find(image)
        survey = self._looks.latest(image)
""",
        ),
    ),
    (
        EVICTING,
        mutant(
            'newcomers are not looked for',
            'looking',
            'not latest.has_all(self._refs(image.store))',
            'False',
        ),
    ),
    (
        EVICTING,
        mutant(
            'a look that met a chain in the making is trusted',
            'looking',
            'latest is None or not latest.settled',
            'latest is None',
        ),
    ),
    (
        EVICTING,
        mutant(
            'a look that shows users is never made anew',
            'looking',
            'disk is None or latest.is_shared(disk)',
            'disk is None',
        ),
    ),
    (
        EVICTING,
        mutant(
            'an SR that is another by now is none',
            'looking',
            'disk.sr != repository.ref',
            'False',
        ),
    ),
    (
        EVICTING,
        mutant(
            'whatever is gone, the disk is',
            'failures',
            'and not set(names).isdisjoint(error.params)',
            '',
        ),
    ),
    (
        EVICTING,
        mutant(
            'destroys of the dead are forgotten',
            'removal',
            'disk.uuid in begun or _expired(disk, now)',
            'disk.uuid in begun',
        ),
    ),
    (
        EVICTING,
        mutant(
            'destroys of our own are forgotten',
            'removal',
            'self._begun[disk.uuid] = _Begun(self._clocks.now(), task)',
            'pass',
        ),
    ),
    (
        EVICTING,
        mutant(
            'disks are not read again after the tasks',
            'handler',
            'if None in removals.values():',
            'if False:',
        ),
    ),
    (
        DEFECTS,
        mutant(
            'a halted machine does not use its disk',
            'survey',
            "*(f'VBD {ref}' for ref in disk.vbds),",
            '',
        ),
    ),
    (
        DEFECTS,
        mutant(
            'nothing is newborn',
            'survey',
            'if not grace:',
            'if grace:',
        ),
    ),
    (
        EVICTING,
        mutant(
            'a task that is lost was done',
            'removal',
            "self._look(disk, Lost(f'{DESTROY}: {error}'))",
            'pass',
        ),
    ),
    (
        DEFECTS,
        mutant(
            'an SR that tells no parents has no users',
            'chain',
            'if kind in KINDS:',
            'if True:',
        ),
    ),
    (
        DISKS,
        mutant(
            'a copy is no copy',
            'disks',
            'found[1] != self.uuid',
            'False',
        ),
    ),
    (
        DISKS,
        mutant(
            'base copies are images',
            'disks',
            "            and record['managed']\n",
            '',
        ),
    ),
    (
        DISKS,
        mutant(
            'any name will do',
            'disks',
            "record['name_label'] == name_of(image_id)",
            'True',
        ),
    ),
    (
        CHAIN,
        mutant(
            'siblings are nobody',
            'chain',
            'users |= self._others(parent, below=node.uuid)',
            'pass',
        ),
    ),
    (
        CHAIN,
        mutant(
            'a chain without an end is known',
            'chain',
            'return Kin(self._tips(users), size, 0, why)',
            'return Kin(self._tips(users), size, 0, None)',
        ),
    ),
    (
        ADDING,
        mutant(
            'whatever it became, half an image goes',
            'adding',
            "disk.record['name_label'] != staging_name(image_id)",
            'False',
        ),
    ),
    (
        ADDING,
        mutant(
            'the name comes before the mark',
            'adding',
            """        labelling.write(self._port, ref, IMAGE, meta.image_id)
""",
            """        name = name_of(meta.image_id)
        self._port.call('VDI.set_name_label', ref, name)
        labelling.write(self._port, ref, IMAGE, meta.image_id)
""",
        ),
    ),
    (
        ADDING,
        mutant(
            'half images are not labelled',
            'adding',
            'for label in sorted({seen, *labels}):',
            'for label in ():',
        ),
    ),
    (
        SESSION,
        mutant(
            'what must not be made twice is',
            'session',
            'return self._make(promptly, method, params, repeat=False)',
            'return self._make(promptly, method, params, repeat=True)',
        ),
    ),
    (
        SESSION,
        mutant(
            'what must not be late is',
            'session',
            'time.monotonic() - began > PROMPT',
            'False',
        ),
    ),
    (
        LEADERS,
        mutant(
            'whoever is named to lead is followed',
            'logins',
            'if not self._any_leader and not leaders.is_among(',
            'if False and not leaders.is_among(',
        ),
    ),
    (
        LEADERS,
        mutant(
            'a password goes in clear',
            'logins',
            'if not dialling.insecure:',
            'if False:',
        ),
    ),
    (
        LEADERS,
        mutant(
            'one that names a stranger stops the others',
            'logins',
            """                problems.append(str(error))
                kind = ConfigurationError""",
            '                raise ConfigurationError from error',
        ),
    ),
    (
        ADDING,
        mutant(
            'an upload is redirected anywhere',
            'transfer',
            'if not leaders.is_among(found.host, pool):',
            'if False:',
        ),
    ),
]
