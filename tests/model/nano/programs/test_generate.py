"""What the grammar and the idioms give: programs that parse, that vary, and that say something."""

import ast
import random
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.nano.programs import idioms
from model.nano.programs.arguments import calls
from model.nano.programs.blocks import BLOCKS
from model.nano.programs.constructs import NAMES, constructs
from model.nano.programs.generate import generate, is_sound
from model.nano.programs.idioms.template import Template
from model.nano.programs.mix import BLOCKS as WEIGHTS
from model.nano.programs.mix import Mix, mix_of
from tests.model.nano.programs.samples import SIZES, programs

GRAMMAR = Mix(idioms=0, recursion=0, endless=0)


@settings(deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(SIZES))
def test_a_program_is_sound_and_its_calls_fit_it(seed: int, size: str) -> None:
    rng = random.Random(seed)
    program = generate(rng, GRAMMAR, size)  # type: ignore[arg-type]
    assert is_sound(program.source)
    function = ast.parse(program.source).body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert function.name == program.entry.name
    assert [a.arg for a in function.args.args] == [a.name for a in program.entry.arguments]
    for call in calls(rng, program, 3):
        node = ast.parse(call, mode="eval").body
        assert isinstance(node, ast.Call)
        assert len(node.args) + len(node.keywords) <= len(program.entry.arguments)


def test_a_seed_gives_the_same_programs_and_another_one_others() -> None:
    first, again, other = ([p.source for p in programs(60, seed)] for seed in (1, 1, 2))
    assert first == again
    assert len({*first} & {*other}) < 10


def test_programs_are_seldom_the_same() -> None:
    sources = [program.source for program in programs(600, mix=GRAMMAR)]
    assert len({*sources}) > 0.95 * len(sources)


def test_every_construct_occurs() -> None:
    seen = chain.from_iterable(constructs(program.source) for program in programs(2500))
    # A program of its own has no test; that is put below it when it has been run.
    assert {*seen} == NAMES


def test_every_kind_of_block_has_a_weight_and_is_drawn_alone() -> None:
    assert BLOCKS.keys() == WEIGHTS.keys()
    for name in BLOCKS:
        mix = Mix(blocks={name: 1.0}, idioms=0, recursion=0, endless=0)
        assert all(is_sound(program.source) for program in programs(6, mix=mix))


def test_larger_programs_are_longer() -> None:
    lengths = [
        sum(len(generate(random.Random(n), GRAMMAR, size).source) for n in range(100))
        for size in SIZES
    ]
    assert lengths[0] < lengths[1] < lengths[2]


@pytest.mark.parametrize(
    "template", [*chain.from_iterable(idioms.TEMPLATES.values())], ids=lambda t: t.family
)
def test_an_idiom_parses_and_varies(template: Template) -> None:
    rng = random.Random(3)
    filled = [template.filled(rng, Mix()) for _ in range(12)]
    sources = {program.source for program in filled}
    assert len(sources) > 1
    for program in filled:
        assert "$" not in program.source
        ast.parse(program.source)
        assert calls(rng, program, 2)


def test_what_says_nothing_is_not_sound() -> None:
    assert is_sound("def f(x):\n    return x\n")
    for body in ("y = x\n    return x", "return x == x", "return x - x", "return max(x, x)", "x ="):
        assert not is_sound(f"def f(x):\n    {body}\n"), body
    assert not is_sound("def f(xs):\n    return [x for x in xs if x not in xs]\n")
    assert not is_sound("def f():\n" + "    f()\n" * 40)


def test_what_is_kept_for_measuring_is_not_learnt() -> None:
    kept = [mix_of(held=held, recursion=0.4, endless=0.6) for held in (False, True)]
    learnt, held = ({p.family for p in programs(300, mix=mix)} for mix in kept)
    assert not any(family.startswith("kept: ") for family in learnt)
    assert all(family.startswith("kept: ") for family in held)
    assert len(held) > 15


def test_shares_are_of_all() -> None:
    assert mix_of(held=False, recursion=None, endless=None) == Mix()
    with pytest.raises(ValueError, match="more than all"):
        mix_of(held=True, recursion=0.7, endless=0.6)
