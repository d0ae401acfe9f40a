"""A function with places where it may vary.

In a template's text ``$[a|b|c]$`` is one of several, drawn each time; the names that may change
stand beside it.
"""

import random
import re
from dataclasses import dataclass, field

from model.nano.programs.mix import Mix
from model.nano.programs.program import Generated
from model.nano.programs.scope import Argument, Signature

_CHOICE = re.compile(r"\$\[(.*?)\]\$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """A function of a kind.

    Attributes:
        family: its name.
        kinds: the types of the arguments of the last function, by comma and blank.
        text: its source.
        names: what each name may be instead, by blanks.
    """

    family: str
    kinds: tuple[str, ...]
    text: str
    names: dict[str, str] = field(default_factory=dict)

    def filled(self, rng: random.Random, mix: Mix) -> Generated:
        """The function with everything drawn."""
        text = self.text.strip("\n") + "\n"
        while _CHOICE.search(text):
            text = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), text)
        text = _renamed(rng, text, self.names)
        heads = re.findall(r"^def (\w+)\((.*?)\)", text, re.MULTILINE)
        name, arguments = heads[-1]
        if rng.random() < mix.documented:
            said = name.replace("_", " ").capitalize()
            text = re.sub(rf"(def {name}\(.*\n)", rf'\1    """{said}."""\n', text)
        given = [part.strip().partition("=") for part in arguments.split(",") if part.strip()]
        entry = Signature(
            name,
            tuple(
                Argument(called, kind, default if sign else None)
                for (called, sign, default), kind in zip(given, self.kinds, strict=True)
            ),
        )
        return Generated(text, entry, self.family)


def _renamed(rng: random.Random, text: str, names: dict[str, str]) -> str:
    """Every name as one of its alternatives, no two alike."""
    taken = {*re.findall(r"\w+", text)} - names.keys()
    chosen: dict[str, str] = {}
    for name, others in names.items():
        free = [other for other in (name, *others.split()) if other not in taken]
        chosen[name] = rng.choice(free or [name])
        taken.add(chosen[name])
    if not chosen:
        return text
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, chosen))})\b")
    return pattern.sub(lambda found: chosen[found[1]], text)
