"""Doomed: a call in a process of its own that ends badly, by ``doom``."""

from collections.abc import Callable
import contextlib
import itertools
import os
import sys
from typing import NoReturn

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import stream

# How the process ended.
DONE = 0  # it came to its end, and the step was never reached
BROKE = 1  # with an error that no caller knows
DIED = 9
RETURNED = 10  # as if nothing had failed
REFUSED = 11  # with an error that promises that nothing was changed
UNCERTAIN = 12

# What to do, and how to judge what is left, by how the process ended.
Act = Callable[[], object]
Settle = Callable[[int], None]


class Doomed(Examining):
    """Calls that end at each step of what they change."""

    def _end_at_each_step(
        self,
        call: str,
        prepare: Callable[[], tuple[Act, Settle]],
        *,
        dies: bool,
    ) -> None:
        """Have processes act and end at a step; the last reaches its end."""
        if not self._supplies('doom'):
            return
        for step in itertools.count(1):
            is_over = True
            with self._case(step=step):
                act, settle = prepare()
                how = 'dies' if dies else 'fails'
                self._called.append(f'{call} that {how} at step {step}')
                ended = self._ended(act, step, dies=dies)
                if ended == DONE and step == 1:
                    self.fail('doom() has its step called nowhere')
                settle(ended)
                is_over = ended == DONE
            # What follows a failure would only repeat it.
            if is_over:
                break

    def _ended(self, act: Act, step: int, *, dies: bool) -> int:
        """Act in a process of its own; tell how that ended."""
        ours, its = os.pipe()
        child = os.fork()
        if child == 0:
            self._end(act, step, its, dies=dies)
        os.close(its)
        with open(ours, encoding='utf-8') as said:
            why = said.read()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == BROKE:
            self.fail(f'it raised {why}, an error that no caller knows')
        return code

    def _end(self, act: Act, step: int, said: int, *, dies: bool) -> NoReturn:
        left = iter(range(step - 1))
        failed: list[int] = []

        def end() -> None:
            if failed or next(left, None) is not None:
                return
            if dies:
                os._exit(DIED)
            failed.append(step)
            raise self.failure()

        try:
            self.doom(end)
            act()
            os._exit(RETURNED if failed else DONE)
        except CacheError as error:
            if failed:
                lost = isinstance(error, Uncertain)
                os._exit(UNCERTAIN if lost else REFUSED)
            raise
        finally:
            # Whatever it was, the test must not go on in this process.
            os.write(said, repr(sys.exc_info()[1]).encode())
            os._exit(BROKE)

    def _add_one(self) -> CachedImage:
        meta, data = self.offer(ONE)
        content = stream(data, lambda size: None)
        with contextlib.closing(self.connect()) as handler:
            return handler.add(meta, content, self.store(), ['site.a'])

    def _tidy(self, *images: CachedImage) -> None:
        """Clean as a later sweep would; just these images are left then."""
        handler, store = self._connect(), self.store()
        handler.recover(store)
        if declares(handler, 'debris') and declares(handler, 'clean'):
            for piece in list(handler.debris(store)):
                handler.clean(piece)
            self.assertEqual([], list(handler.debris(store)))
        self.assertCountEqual(images, self._list())
