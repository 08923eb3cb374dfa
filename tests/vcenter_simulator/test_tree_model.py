"""Trees against a model: whatever is done, both have the same files."""

from hypothesis import settings
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis import strategies as st

from vcenter_simulator.datastores import files
from vcenter_simulator.datastores.kinds import KINDS
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.datastores.trees import make_file
from vcenter_simulator.faults import VimFault

LIMIT = 12
NAMES = st.sampled_from(['a', 'b', '[c] d', 'é%', 'x' * 255])
PATHS = st.lists(NAMES, max_size=3).map(tuple)
STORES = st.integers(0, 1)
CONTENTS = st.binary(max_size=3)


class Refused(Exception):
    """What the model says to what cannot be done, by the fault's name."""


class Model:
    """One datastore as nested dictionaries; files are bytes."""

    def __init__(self):
        self.root = {}

    def find(self, path):
        at = self.root
        for name in path:
            if not isinstance(at, dict) or name not in at:
                return None
            at = at[name]
        return at

    def read(self, path):
        found = self.find(path)
        if found is None:
            raise Refused('FileNotFound')
        return found

    def count(self, at=None):
        at = self.root if at is None else at
        if isinstance(at, bytes):
            return 0
        return sum(1 + self.count(entry) for entry in at.values())

    def add(self, path, node):
        if self.find(path) is not None:
            raise Refused('FileAlreadyExists')
        parent = self.read(path[:-1])
        if not isinstance(parent, dict):
            raise Refused('CannotCreateFile')
        if self.count() + 1 + self.count(node) > LIMIT:
            raise Refused('NoDiskSpace')
        parent[path[-1]] = node

    def take(self, path):
        return self.read(path[:-1]).pop(path[-1])

    def paths(self, at=None, above=()):
        at = self.root if at is None else at
        for name, entry in at.items():
            yield (*above, name), entry if isinstance(entry, bytes) else None
            if isinstance(entry, dict):
                yield from self.paths(entry, (*above, name))


def copy_node(source, path, target, to, force):
    node = source.read(path)
    if (source, path) == (target, to):
        return
    if source is target and to[: len(path)] == path:
        raise Refused('CannotAccessFile')
    if isinstance(node, bytes):
        there = target.find(to)
        if there is None:
            target.add(to, node)
        elif not force or not isinstance(there, bytes):
            raise Refused('FileAlreadyExists')
        else:
            target.take(to)
            target.add(to, node)
        return
    if not isinstance(target.find(to), dict):
        target.add(to, {})
    for name in list(node):
        copy_node(source, (*path, name), target, (*to, name), force)


def move_node(source, path, target, to, force):
    node = source.read(path)
    if (source, path) == (target, to):
        return
    inside = source is target and to[: len(path)] == path
    if not path or inside:
        raise Refused('CannotAccessFile')
    there = target.find(to)
    if there is not None:
        both_files = isinstance(node, bytes) and isinstance(there, bytes)
        if not (force and both_files):
            raise Refused('FileAlreadyExists')
        target.take(to)
    if source is target:
        move_within(source, path, to)
        return
    copy_node(source, path, target, to, force)
    source.take(path)


def move_within(model, path, to):
    node = model.read(path)
    if isinstance(node, bytes):
        model.add(to, b'')
        model.take(to)
        model.add(to, model.take(path))
        return
    model.add(to, {})
    for name in list(node):
        move_within(model, (*path, name), (*to, name))
    model.take(path)


class Trees(RuleBasedStateMachine):
    """Two datastores and two models, to which the same is done."""

    def __init__(self):
        super().__init__()
        self.models = [Model(), Model()]
        self.stores = [
            Store(
                name=f'store-{number}',
                kind=KINDS['VMFS'],
                moid=f'datastore-{number}',
                uuid=f'uuid-{number}',
                capacity=2**40,
                now=lambda: 0.0,
                entry_limit=LIMIT,
            )
            for number in range(2)
        ]

    def both(self, work, model_work):
        """Do a thing to both, which must end alike."""
        expected = told = None
        try:
            model_work()
        except Refused as refusal:
            expected = str(refusal)
        try:
            work()
        except VimFault as fault:
            told = fault.type_name
        assert expected == told, (expected, told)

    def place(self, store, path):
        return Place(self.stores[store], path)

    @rule(store=STORES, path=PATHS, parents=st.booleans())
    def make(self, store, path, parents):
        model = self.models[store]

        def make():
            if parents and model.find(path) is None:
                for depth in range(1, len(path)):
                    if model.find(path[:depth]) is None:
                        model.add(path[:depth], {})
            model.add(path, {})

        self.both(
            lambda: files.make_directory(self.place(store, path), parents),
            make,
        )

    @rule(store=STORES, path=PATHS, content=CONTENTS)
    def put(self, store, path, content):
        model = self.models[store]

        def put():
            there = model.find(path)
            if isinstance(there, bytes):
                model.take(path)
            model.add(path, content)

        self.both(
            lambda: self.stores[store].write_file(
                path, make_file(content, 0.0)
            ),
            put,
        )

    @rule(store=STORES, path=PATHS)
    def delete(self, store, path):
        model = self.models[store]

        def delete():
            model.read(path)
            if not path:
                raise Refused('CannotDeleteFile')
            model.take(path)

        self.both(
            lambda: files.delete_node(self.place(store, path), go_on), delete
        )

    @rule(
        source=STORES,
        path=PATHS,
        other=STORES,
        to=PATHS,
        force=st.booleans(),
        moves=st.booleans(),
    )
    def send(self, source, path, other, to, force, moves):
        work = files.move_node if moves else files.copy_node
        model_work = move_node if moves else copy_node
        self.both(
            lambda: work(
                self.place(source, path), self.place(other, to), force, go_on
            ),
            lambda: model_work(
                self.models[source], path, self.models[other], to, force
            ),
        )

    @invariant()
    def trees_are_alike(self):
        for model, store in zip(self.models, self.stores, strict=True):
            assert dict(model.paths()) == dict(list_paths(store.root))

    @invariant()
    def space_is_accounted_for(self):
        for store in self.stores:
            nodes = [node for _, node in list_nodes(store.root)]
            assert store.entry_count == len(nodes) <= LIMIT
            assert store.used == sum(
                node.size if isinstance(node, File) else 65536
                for node in nodes
            )


def go_on():
    """Let others wait until all is done."""


def list_nodes(folder, above=()):
    for name, node in folder.entries.items():
        yield (*above, name), node
        if isinstance(node, Folder):
            yield from list_nodes(node, (*above, name))


def list_paths(folder):
    for path, node in list_nodes(folder):
        yield path, node.content if isinstance(node, File) else None


TestTrees = Trees.TestCase
TestTrees.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)
