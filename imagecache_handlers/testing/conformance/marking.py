"""Marking: what ``mark`` promises."""

import contextlib
import dataclasses

from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.reporting import State
from imagecache_handlers.testing.conformance.samples import at_once
from imagecache_handlers.testing.conformance.samples import impostors
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import LABELS
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import ROUNDS
from imagecache_handlers.testing.conformance.samples import TWO
from imagecache_handlers.testing.conformance.samples import WRITERS


class Marking(Examining):
    """``mark``, and the labels that it writes."""

    @promise('mark')
    def test_a_mark_is_seen_by_others_at_once(self) -> None:
        image = self._seeded()
        other, handler = self._connect(), self._connect()
        other.enumerate(self.store())
        with self._counted('mark'):
            handler.mark(image, LABELS)
        for image_ids in None, [image.image_id]:
            [seen] = other.enumerate(self.store(), image_ids)
            self.assertEqual(image.marks.labels | LABELS, seen.marks.labels)

    @promise('mark')
    def test_labels_of_every_form_are_carried(self) -> None:
        for label in sorted(LABELS):
            with self._case(label=label):
                image = self._seeded()
                seen = self._marked(image, label)
                self.assertIn(label, seen.marks.labels)
                self._connect().mark(image, remove={label})
                self.assertEqual(image, self._again(image))

    @promise('wants_shield', since=2)
    def test_a_shield_comes_and_goes_as_any_label(self) -> None:
        if not self._connect().wants_shield:
            self._leave(State.ABSENT, 'it wants no shield')
            return
        image = self._seeded()
        seen = self._marked(image, 'shield')
        bare = dataclasses.replace(seen, marks=image.marks)
        self.assertEqual(image, bare, 'a shield says nothing else')
        self.assertIn('shield', seen.marks.labels)
        self._connect().mark(image, remove={'shield'})
        self.assertEqual(image, self._again(image))
        shielded = self._marked(image, 'shield')
        self._connect().evict(shielded)
        self.assertEqual([], self._list())

    @promise('mark')
    def test_mark_adds_then_removes(self) -> None:
        image = self._seeded()
        self._connect().mark(image, {'site.a', 'site.b'}, {'site.b'})
        labels = self._again(image).marks.labels
        self.assertEqual(image.marks.labels | {'site.a'}, labels)

    @promise('mark')
    def test_a_label_is_removed_alone(self) -> None:
        image = self._seeded()
        self._marked(image, *LABELS)
        self._connect().mark(image, remove={'site.a'})
        labels = self._again(image).marks.labels
        self.assertEqual(image.marks.labels | LABELS - {'site.a'}, labels)

    @promise('mark')
    def test_marking_again_changes_nothing(self) -> None:
        image = self._seeded()
        for _ in range(2):
            seen = self._marked(image, 'site.a').marks.labels
            self.assertEqual(image.marks.labels | {'site.a'}, seen)
        for labels in {'site.a'}, {'site.a'}, ():
            self._connect().mark(image, remove=labels)
            self.assertEqual(image, self._again(image))

    @promise('mark')
    def test_an_old_handle_writes_only_what_it_is_told(self) -> None:
        old = self._marked(self._seeded(), 'site.a')
        self._connect().mark(old, {'site.b'}, {'site.a'})
        labels = self._marked(old, 'site.c').marks.labels
        self.assertEqual(
            old.marks.labels - {'site.a'} | {'site.b', 'site.c'}, labels
        )

    @promise('mark')
    def test_labels_may_be_given_once(self) -> None:
        image = self._marked(self._seeded(), 'site.a', 'site.b')
        add, remove = iter(['site.c', 'site.d']), iter(['site.a', 'site.b'])
        self._connect().mark(image, add, remove)
        labels = self._again(image).marks.labels
        self.assertEqual(
            image.marks.labels - {'site.a', 'site.b'} | {'site.c', 'site.d'},
            labels,
        )

    @promise('mark')
    def test_a_mark_is_on_that_object_only(self) -> None:
        others = [self._seeded(TWO), self._seeded(KIN)]
        if self.holds_copies:
            others.append(self._seeded())
        image = self._marked(self._seeded(), 'site.a')
        self.assertIn('site.a', image.marks.labels)
        self.assertEqual(others, [self._again(other) for other in others])

    @promise('mark')
    def test_a_mark_in_another_store_is_not_on_that_object(self) -> None:
        image = self._seeded()
        for store in *self._stores()[1:], 'no-such-store':
            elsewhere = dataclasses.replace(image, store=store)
            with self.assertRaises((ImageNotFound, StoreUnavailable)):
                self._connect().mark(elsewhere, {'site.a'})
            self.assertEqual(image, self._again(image))

    @promise('mark')
    def test_marking_what_is_gone_raises_image_not_found(self) -> None:
        lost, evicted = self._seeded(), self._seeded(TWO)
        self.lose(lost)
        self._connect().evict(evicted)
        for image in lost, evicted:
            for labels in ({'site.a'}, ()), ((), {'site.a'}):
                with self.assertRaises(ImageNotFound):
                    self._connect().mark(image, *labels)
        self.assertEqual([], self._list())

    @promise('mark')
    def test_labels_go_with_their_object(self) -> None:
        for image_id in ONE, TWO:
            self._marked(self._seeded(image_id), *LABELS)
        [lost] = self._list(self._key(ONE))
        [evicted] = self._list(self._key(TWO))
        self.lose(lost)
        self._connect().evict(evicted)
        for image_id in ONE, TWO:
            new = self._seeded(image_id)
            self.assertEqual(frozenset(), new.marks.labels & LABELS)

    @promise('mark')
    def test_concurrent_marks_lose_nothing(self) -> None:
        image = self._seeded()
        names = [f'site.{number}' for number in range(WRITERS)]
        handlers = {name: self._connect() for name in names}

        def write(name: str) -> None:
            for number in range(ROUNDS):
                new, old = f'{name}.{number + 1}', f'{name}.{number}'
                handlers[name].mark(image, {new}, {old})

        at_once(write, names)
        last = {f'{name}.{ROUNDS}' for name in names}
        labels = self._again(image).marks.labels
        self.assertEqual(image.marks.labels | last, labels)

    @promise('mark')
    def test_a_mark_never_makes_a_foreign_object_ours(self) -> None:
        image = self._seeded()
        names = self.foreign()
        handler = self._connect()
        for impostor in impostors(image, names):
            with contextlib.suppress(ImageNotFound):
                handler.mark(impostor, {'site.a'})
        self.assertEqual([image], self._list())
        self.assertCountEqual(names, self.foreign_left())
