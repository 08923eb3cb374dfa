"""Contradiction: rules that cannot hold together, told in anybody's words."""

from collections.abc import Mapping
import dataclasses
import string


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """A field as a sentence has it: ``low_watermark 80``."""

    name: str
    value: object

    def __str__(self) -> str:
        return f'{self.name} {self.value}'


class Contradiction(ValueError):
    """What cannot be together in the rules.

    ``template`` has a field in braces where the sentence names it: whole
    (``{min_age}``), or one half of it (``{min_age.name}``).  So whoever
    knows the fields by other names can say the same in these.
    """

    def __init__(self, template: str, rules: object) -> None:
        super().__init__(template, rules)
        self.template = template
        self._rules = rules

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the sentence names."""
        parts = string.Formatter().parse(self.template)
        return frozenset(
            name.partition('.')[0] for _, name, _, _ in parts if name
        )

    def say_with(self, terms: Mapping[str, Term]) -> str:
        """Give the sentence with those terms for fields of the rules."""
        own = {
            name: Term(name, getattr(self._rules, name))
            for name in self.fields
        }
        return self.template.format(**{**own, **terms})

    def __str__(self) -> str:
        return self.say_with({})
