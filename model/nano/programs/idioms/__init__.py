"""Functions as they stand in many a program, with other names, constants and operators."""

import random

from model.nano.programs.idioms import endless, kept, lists, numbers, recursive, texts
from model.nano.programs.idioms.template import Template
from model.nano.programs.mix import Mix
from model.nano.programs.program import Generated

TEMPLATES: dict[str, tuple[Template, ...]] = {
    "known": (*numbers.TEMPLATES, *lists.TEMPLATES, *texts.TEMPLATES),
    "recursive": recursive.TEMPLATES,
    "endless": endless.TEMPLATES,
    "kept recursive": kept.RECURSIVE,
    "kept endless": kept.ENDLESS,
}


def drawn(rng: random.Random, mix: Mix, group: str) -> Generated:
    """One of a group, varied."""
    return rng.choice(TEMPLATES[group]).filled(rng, mix)
