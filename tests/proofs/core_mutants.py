"""The core, broken on purpose."""

from tests.mutation import Mutant

MUTANTS = [
    Mutant(
        name='claim after the look',
        module='eviction',
        old="""        for verdict in verdicts:
            if self._claim""",
        new="""        verdicts = list(verdicts)
        ids = {one.image.image_id for one in verdicts}
        found = self._handler.enumerate(self._store, ids)
        labels = frozenset({self._claim.label})
        look = [
            dataclasses.replace(
                one, marks=type(one.marks).read(one.marks.labels | labels)
            )
            for one in found
        ]
        self._handler = type('Late', (), {
            'enumerate': lambda self, store, ids=None: look,
            'mark': self._handler.mark,
            'evict': self._handler.evict,
        })()
        for verdict in verdicts:
            if self._claim""",
    ),
    Mutant(
        name='no second look',
        module='eviction',
        old='            found = self._handler.enumerate(self._store, ids)',
        new="""            label = frozenset({self._claim.label})
            found = [
                dataclasses.replace(
                    one.image,
                    marks=type(one.image.marks).read(
                        one.image.marks.labels | label
                    ),
                )
                for one in self._claimed.values()
            ]""",
    ),
    Mutant(
        name='an evictor that does not insist on seeing its own claim',
        module='eviction',
        old='if self._claim.token not in image.marks.claims:',
        new='if False:',
    ),
    Mutant(
        name='an expired claim of another is deleted at the claim',
        module='eviction',
        old='            self._handler.mark(image, {self._claim.label})',
        new="""            self._handler.mark(
                image,
                {self._claim.label},
                verdict.image.marks.of('claim'),
            )""",
    ),
    Mutant(
        name='two sweepers that starve each other',
        module='eviction',
        old='        elif not self._outlasts(image, why):',
        new='        else:',
    ),
    Mutant(
        name='the larger token stays as well',
        module='eviction',
        old='and self._claim.token < min(one.who)',
        new='',
    ),
    Mutant(
        name='a kept image stays claimed',
        module='eviction',
        old="""        self._withdraw(image)
        self._end(verdict, Did.KEPT, why)""",
        new='        self._end(verdict, Did.KEPT, why)',
    ),
    Mutant(
        name='an eviction that begins after its deadline',
        module='eviction',
        old='        if not self._claim.in_time():\n            # Its turn',
        new='        if False:\n            # Its turn',
    ),
    Mutant(
        name='an uncertain image is let go',
        module='eviction',
        old='        did = Did.GONE if end is End.GONE else Did.UNCERTAIN',
        new='        self._withdraw(image)\n'
        '        did = Did.GONE if end is End.GONE else Did.UNCERTAIN',
    ),
    Mutant(
        name='an error that promises nothing taken for a failure',
        module='eviction',
        old='        except StoreUnavailable as error:',
        new='        except CacheError as error:',
    ),
    Mutant(
        name='a claim renewed after it died',
        module='following',
        old='        if not claim.alive():',
        new='        if False:',
    ),
    Mutant(
        name='a claim that is followed and never renewed',
        module='following',
        old='            if not claim.in_time():\n                claim =',
        new='            if False:\n                claim =',
    ),
    Mutant(
        name='a claim that may have been written is left',
        module='eviction',
        old='            if not isinstance(error, StoreUnavailable):',
        new='            if False:',
    ),
    Mutant(
        name='a batch that begins what its claim has no time for',
        module='eviction',
        old='            self._put_off(verdict)\n            return',
        new='            self._put_off(verdict)',
    ),
    Mutant(
        name='what came late is forgotten',
        module='eviction',
        old='            queue.extendleft(reversed(late))\n',
        new='',
    ),
    Mutant(
        name='a deadline by the wall clock only',
        module='timing',
        old='            self._timer.elapsed < limit\n            and left',
        new='            left',
    ),
    Mutant(
        name='a deadline by the monotonic clock only',
        module='timing',
        old='            and left > self._rules.claim_ttl - limit\n',
        new='',
    ),
    Mutant(
        name="another's claim is dead at its expiry",
        module='rules',
        old='        return now - expiry <= self.clock_skew',
        new='        return now < expiry',
    ),
    Mutant(
        name='stale evidence trusted',
        module='rules',
        old='        return -self.clock_skew <= age <= self.evidence_ttl',
        new='        return True',
    ),
    Mutant(
        name='evidence from the future trusted',
        module='rules',
        old='        return -self.clock_skew <= age <= self.evidence_ttl',
        new='        return age <= self.evidence_ttl',
    ),
    Mutant(
        name="one host's list taken for everyone's",
        module='rules',
        old='        return evidence.complete and self.fresh(evidence, now)',
        new='        return self.fresh(evidence, now)',
    ),
    Mutant(
        name='aged evidence is not asked for again',
        module='witness',
        old='            if known is None or self._aged(known):',
        new='            if known is None:',
    ),
    Mutant(
        name='a control plane that fails proves that nobody is there',
        module='witness',
        old='            return Evidence(users=users, as_of='
        'self._clocks.now())',
        new='            return Evidence(\n'
        '                complete=True, as_of=self._clocks.now()\n'
        '            )',
    ),
    Mutant(
        name='unknown treated as unused',
        module='blocking',
        old='    if image.unknown is not None:\n',
        new='    if False:\n',
    ),
    Mutant(
        name='a lease that older evidence may overrule',
        module='blocking',
        old='asked = self.evidence.as_of if image.users is None else self.now',
        new='asked = self.now',
    ),
    Mutant(
        name='an image evicted in the pass that first sees it unused',
        module='blocking',
        old='if started is None or started > self.now or',
        new='if',
    ),
    Mutant(
        name='a surplus copy of an unclear group',
        module='duplicates',
        old='    if any(map(_unclear, group)):',
        new='    if False:',
    ),
    Mutant(
        name='a surplus copy though the keeper is about to go',
        module='eviction',
        old='duplicates.surplus_copies(sure)',
        new='duplicates.surplus_copies(found)',
    ),
    Mutant(
        name='a hold that does not restart the age',
        module='marks',
        old="remove=(marks.of('unused') | marks.of('hits')) - add",
        new="remove=marks.of('hits') - add",
    ),
    Mutant(
        name='a last use in the future believed',
        module='marks',
        old='    if since is not None and since <= now + FUTURE:',
        new='    if since is not None:',
    ),
    Mutant(
        name='a hold granted without seeing its own label',
        module='grants',
        old='            wish.label in image.marks.labels\n            and',
        new='           ',
    ),
    Mutant(
        name='a hold granted with its time nearly gone',
        module='grants',
        old='            and wish.lasts(self._for.clocks.now())\n',
        new='',
    ),
    Mutant(
        name='a hold granted over a live claim',
        module='grants',
        old='            and not self._claimed(image, now)\n',
        new='',
    ),
    Mutant(
        name='a hold granted under a pending removal',
        module='grants',
        old='return bool(claims and image.busy is not None) or any(',
        new='return any(',
    ),
    Mutant(
        name='a hold that gives up leaves its lease',
        module='grants',
        old='        for image in self.refused:\n'
        '            self._withdraw(image)\n',
        new='',
    ),
    Mutant(
        name='a refused pin takes that of another copy along',
        module='grants',
        old='        labels = self._written.get(image.identity)',
        new='        labels = set().union(*self._written.values())',
    ),
    Mutant(
        name='a refused pin takes the earlier one along',
        module='grants',
        old='        if wish.label in image.marks.labels:\n',
        new='        if False:\n',
    ),
    Mutant(
        name='a pin that fails half way is left',
        module='grants',
        old="""        except CacheError as error:
            for image in copies.values():
                self._withdraw(image, error)
            raise""",
        new="""        except CacheError:
            raise""",
    ),
    Mutant(
        name='a hold judged by a clock read after the look',
        module='grants',
        old='            sure = [one for',
        new='            now = self._for.clocks.now()\n'
        '            sure = [one for',
    ),
    Mutant(
        name='an eviction judged by a clock read after the look',
        module='eviction',
        old='            look.began,\n',
        new='            self._by.clocks.now(),\n',
    ),
    Mutant(
        name='a pending removal forgotten with its claim',
        module='policy',
        old='        if timed and image.busy is None:',
        new='        if timed:',
    ),
    Mutant(
        name='force passes a lease',
        module='verdicts',
        old='    {Reason.PINNED, Reason.PROTECTED,',
        new='    {Reason.LEASED, Reason.PINNED, Reason.PROTECTED,',
    ),
    Mutant(
        name='force passes pins that came later',
        module='forcing',
        old="return image.marks.of('pin') <= known[image.identity]",
        new='return True',
    ),
    Mutant(
        name='first failure ends the pass',
        module='eviction',
        old="""            self._withdraw(image)
            self._end(verdict, Did.FAILED, str(error))""",
        new='            raise',
    ),
    Mutant(
        name='a bug of a handler ends the pass',
        module='guard',
        old='        raise HandlerFailed(error) from error',
        new='        raise',
    ),
    Mutant(
        name='images that nobody asked for are taken',
        module='guard',
        old='        if wrong := _wrong(found, store, image_ids):',
        new='        if wrong := None:',
    ),
    Mutant(
        name='a store with a problem is passed over in silence',
        module='guard',
        old='        return [*self.each(names, work), *problems]',
        new='        return self.each(names, work)',
    ),
    Mutant(
        name='whom the control plane named before it failed is forgotten',
        module='witness',
        old='            users = known.users if known else {}',
        new='            users = {}',
    ),
    Mutant(
        name='evidence under names that the backend does not list',
        module='cache',
        old='            key = self._handler.key(image_id)\n            users',
        new='            key = image_id\n            users',
    ),
    Mutant(
        name='later evidence under names that the backend does not list',
        module='cache',
        old='            lambda: self._keyed(ask()),',
        new='            ask,',
    ),
    Mutant(
        name='evidence of two ids with one key loses users',
        module='cache',
        old='users.get(key, frozenset()) | who',
        new='who',
    ),
    Mutant(
        name='wildcards that protect nothing, silently',
        module='patterns',
        old='if key(example) != example',
        new='if False',
    ),
    Mutant(
        name='patterns under names that the backend does not list',
        module='cache',
        old='protected=rules.protected.keyed(self._handler.key)',
        new='protected=rules.protected',
    ),
    Mutant(
        name='an age that starts before the image was last in use',
        module='applying',
        old='        now = self.evictor.clocks.now()',
        new='        now = self.plan.now',
    ),
    Mutant(
        name='a stopped sweep evicts what it has claimed',
        module='eviction',
        old='            elif self._is_over():',
        new='            elif self._trouble.why:',
    ),
    Mutant(
        name='a stopped sweep leaves its claims',
        module='eviction',
        old="""        self._claimed.pop(verdict.image.identity)
        self._withdraw(verdict.image)""",
        new='        self._claimed.pop(verdict.image.identity)',
    ),
    Mutant(
        name='a stopped sweep goes on labelling',
        module='applying',
        old='            if self.evictor.stop():',
        new='            if False:',
    ),
    Mutant(
        name='a failure to label is told nobody',
        module='applying',
        old='            self.evictor.tell(outcome)',
        new='            pass',
    ),
    Mutant(
        name='an image is read before its room is known',
        module='admission',
        old='    if store.free is not None and wanted > store.free:',
        new='    if False:',
    ),
    Mutant(
        name='a batch larger than its claim has time for',
        module='eviction',
        old='            if self._claim.has_room() and not self._is_over():',
        new='            if not self._is_over():',
    ),
    Mutant(
        name='a batch that was too large is repeated as large',
        module='eviction',
        old='            size = max(1, fitted) if late else min(largest, '
        '2 * fitted)',
        new='            size = largest',
    ),
    Mutant(
        name='what was added again is taken for what is followed',
        module='following',
        old='            if found.identity == image.identity and claimed:',
        new='            if found.identity == image.identity:',
    ),
    Mutant(
        name='a pending removal is followed for ever',
        module='following',
        old='timer.elapsed >= self.rules.deadline',
        new='timer.elapsed >= 9 * self.rules.deadline',
    ),
    Mutant(
        name='claims too short for a removal',
        module='rules',
        old='        if self.claim_ttl - self.deadline < self.removal:',
        new='        if False:',
    ),
    Mutant(
        name='a store that fails is taken for empty',
        module='guard',
        old='                problems[name] = _problem(name, found)',
        new='                pass',
    ),
    Mutant(
        name='a claim is forgotten while it may count',
        module='rules',
        old='        return now - expiry > self.claim_ttl + self.evidence_ttl',
        new='        return now > expiry',
    ),
    Mutant(
        name='a release that forgets who was made under the lease',
        module='endings',
        old='        if image.users is None:\n',
        new='        if False:\n',
    ),
    Mutant(
        name="anybody's claim stands for its own",
        module='eviction',
        old='if self._claim.token not in image.marks.claims:',
        new='if not image.marks.claims:',
    ),
    Mutant(
        name='what anybody claims is what it follows',
        module='following',
        old='claimed = claim.token in found.marks.claims',
        new='claimed = bool(found.marks.claims)',
    ),
    Mutant(
        name='the handler is not told when the claim ends',
        module='eviction',
        old='self._handler.evict(image, self._claim.alive)',
        new='self._handler.evict(image, lambda: True)',
    ),
    Mutant(
        name='the claim is asked for before the handler is',
        module='eviction',
        old='self._handler.evict(image, self._claim.alive)',
        new="""self._handler.evict(
                image, lambda now=self._claim.alive(): now
            )""",
    ),
    Mutant(
        name='the claim is not asked for at last',
        module='handler',
        old="return None if alive() else 'its claim ran out of time'",
        new='return None',
    ),
    Mutant(
        name='a pin that came is overlooked',
        module='handler',
        old="came.of('pin') or came.of('lease')",
        new="came.of('lease')",
    ),
    Mutant(
        name='a lease that came is overlooked',
        module='handler',
        old="came.of('pin') or came.of('lease')",
        new="came.of('pin')",
    ),
    Mutant(
        name='a label that was lost is overlooked',
        module='handler',
        old='if not seen <= labels:',
        new='if False:',
    ),
    Mutant(
        name='a claim that came keeps an image for ever',
        module='handler',
        old="if came.of('pin') or came.of('lease'):",
        new='if came.labels:',
    ),
    Mutant(
        name='what the handler has waited for is waited for again',
        module='following',
        old='            if waited or timer.elapsed',
        new='            if timer.elapsed',
    ),
    Mutant(
        name='what the handler waited for is over where it shows nothing',
        module='following',
        old='            if left.busy is None and not waited:',
        new='            if left.busy is None:',
    ),
    Mutant(
        name='what cannot be seen is over',
        module='following',
        old="""            return End.PENDING

    def""",
        new="""            return End.STAYED

    def""",
    ),
    Mutant(
        name='a store is left for one removal that did not end',
        module='trouble',
        old='UNFINISHED = 2',
        new='UNFINISHED = 1',
    ),
    Mutant(
        name='a third removal that does not end is begun',
        module='trouble',
        old='UNFINISHED = 2',
        new='UNFINISHED = 3',
    ),
    Mutant(
        name='a store is left for four refusals',
        module='trouble',
        old='REFUSED = 5',
        new='REFUSED = 4',
    ),
    Mutant(
        name='a sixth refusal is waited for',
        module='trouble',
        old='REFUSED = 5',
        new='REFUSED = 6',
    ),
    Mutant(
        name='a store is left for two answers that nobody understands',
        module='trouble',
        old='NOT_UNDERSTOOD = 3',
        new='NOT_UNDERSTOOD = 2',
    ),
    Mutant(
        name='a fourth answer that nobody understands is waited for',
        module='trouble',
        old='NOT_UNDERSTOOD = 3',
        new='NOT_UNDERSTOOD = 4',
    ),
    Mutant(
        name='refusals need not be in a row',
        module='trouble',
        old='            self._refused = 0\n        if',
        new='            pass\n        if',
    ),
    Mutant(
        name='what is not understood need not be in a row',
        module='trouble',
        old='            self._not_understood = 0\n        if',
        new='            pass\n        if',
    ),
    Mutant(
        name='any busy image is a refusal of its store',
        module='trouble',
        old='isinstance(error, StoreBusy | StoreUnavailable)',
        new='isinstance(error, StoreBusy.__base__ | StoreUnavailable)',
    ),
    Mutant(
        name='a store that is busy refuses nothing',
        module='trouble',
        old='isinstance(error, StoreBusy | StoreUnavailable)',
        new='isinstance(error, StoreUnavailable)',
    ),
    Mutant(
        name='a store that is away refuses nothing',
        module='trouble',
        old='isinstance(error, StoreBusy | StoreUnavailable)',
        new='isinstance(error, StoreBusy)',
    ),
    Mutant(
        name='what was cancelled has ended',
        module='trouble',
        old='        if pending or isinstance(error, Cancelled):',
        new='        if pending:',
    ),
    Mutant(
        name='what is pending has ended',
        module='trouble',
        old='        if pending or isinstance(error, Cancelled):',
        new='        if isinstance(error, Cancelled):',
    ),
    Mutant(
        name='whatever is not known may be pending',
        module='eviction',
        old='pending=end is End.PENDING',
        new='pending=end is not End.GONE',
    ),
    Mutant(
        name='claims that cannot be written are no refusals',
        module='eviction',
        old='            self._trouble.met(error)\n            self._end',
        new='            self._end',
    ),
    Mutant(
        name='nor are looks',
        module='eviction',
        old='            self._trouble.met(error)\n            for',
        new='            for',
    ),
    Mutant(
        name='a store that is to be left is gone through',
        module='eviction',
        old='return self._by.stop() or self._trouble.why is not None',
        new='return self._by.stop()',
    ),
    Mutant(
        name='nobody is told of a store that was left',
        module='applying',
        old="            LOG.warning('%s', done.left)",
        new='            pass',
    ),
    Mutant(
        name='a store that was left is not reported',
        module='applying',
        old='            if group.left is not None:',
        new='            if False:',
    ),
    Mutant(
        name='the trouble of one store is that of all',
        module='eviction',
        old='        trouble = Trouble(store)\n',
        new='        trouble = globals().setdefault(\n'
        '            "_trouble", Trouble(store)\n'
        '        )\n',
    ),
]
