"""The questions by name. A new one is its file and a line here."""

from model.questions.complexity import Complexity
from model.questions.halts import Halts
from model.questions.implement import Implement
from model.questions.input import Input
from model.questions.output import Output
from model.questions.question import Question

_ALL: tuple[Question, ...] = (
    Output(),
    Input(),
    Halts(),
    Complexity(),
    Implement(),
)

QUESTIONS: dict[str, Question] = {each.name: each for each in _ALL}
