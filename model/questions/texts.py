"""The words in which questions are asked, filled in from the files in ``prompts``."""

import tomllib
from functools import cache
from importlib import resources
from string import Template

from model.questions.question import Answer, Mode, Model, Way
from model.questions.replies import fence, read_answer, read_program, whole
from model.questions.speaking import Said


async def spoken(
    model: Model, way: Way, name: str, *, program: bool = False, **values: str
) -> list[Answer]:
    """A question put in words, and the answers found in what the model says.

    Args:
        model: whom to ask.
        way: how.
        name: of the prompt's file, without its ending.
        program: whether the answer is a whole program.
        values: what is filled in.

    Raises:
        ModelError: the model does not answer.
    """
    reasoning = way.mode != "direct"
    said = await model.speaker.say(
        _text("system.md").strip(),
        question(name, way.mode, **values),
        reasoning=reasoning,
        samples=way.samples,
        seed=way.seed,
        most=way.most,
    )
    return [_answer(each, program) for each in said]


def question(name: str, mode: Mode, **values: str) -> str:
    """What a model is asked.

    Args:
        name: of the prompt's file, without its ending.
        mode: ``direct`` for an answer at once, any other for one after reasoning.
        values: what is filled in; ``source`` is put between fences.
    """
    if "source" in values:
        values["source"] = fence(values["source"])
    ways = tomllib.loads(_text("ways.toml"))
    asked = Template(_text(f"{name}.md")).substitute(values).strip()
    how = str(ways["direct" if mode == "direct" else "reasoning"]).strip()
    return whole(f"{asked}\n\n{how}")


def _answer(said: Said, program: bool) -> Answer:
    read = read_program if program else read_answer
    text = read(said.text, cut=said.cut)
    problem = ""
    if not text:
        problem = "the answer was cut off" if said.cut else "no answer was found in what it said"
    return Answer(text, problem, said.tokens)


@cache
def _text(name: str) -> str:
    return resources.files("model.questions.prompts").joinpath(name).read_text(encoding="utf-8")
