"""The public names: each is there, typed, and imported no sooner than used."""

import ast
import importlib
import subprocess
import sys

import pytest

import imagecache_handlers


def run(code: str) -> str:
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def typed_homes() -> dict[str, str]:
    """Give the module of each name, as those are told that check types."""
    with open(str(imagecache_handlers.__file__)) as file:
        tree = ast.parse(file.read())
    return {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != 'typing'
        for alias in node.names
    }


def test_the_types_and_the_names_are_of_the_same_objects():
    homes = typed_homes()
    assert set(homes) == set(imagecache_handlers.__all__)
    for name, module in homes.items():
        theirs = getattr(importlib.import_module(module), name)
        assert getattr(imagecache_handlers, name) is theirs, name


def test_a_star_gives_every_name():
    code = (
        'from imagecache_handlers import *; import imagecache_handlers; '
        'print(set(imagecache_handlers.__all__) - set(dir()))'
    )
    assert run(code) == 'set()\n'


def test_dir_has_every_name_before_its_use():
    code = (
        'import imagecache_handlers as ours; '
        'print(set(ours.__all__) - set(dir(ours)))'
    )
    assert run(code) == 'set()\n'


def test_a_module_is_still_found_by_its_name():
    code = (
        'from imagecache_handlers import units; print(units.__name__); '
        'import imagecache_handlers.model; '
        'print(imagecache_handlers.model.Store.__name__)'
    )
    assert run(code).split() == ['imagecache_handlers.units', 'Store']


def test_no_other_name_is_there():
    with pytest.raises(AttributeError, match='no attribute .Nonsense'):
        _ = imagecache_handlers.Nonsense  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match='Nonsense'):
        importlib.import_module('imagecache_handlers.Nonsense')


def test_importing_it_imports_nothing_else_of_it():
    code = (
        'import sys, imagecache_handlers; '
        'print([one for one in sys.modules '
        "if one.startswith('imagecache_handlers.')])"
    )
    assert run(code) == '[]\n'
