"""The questions by name. A new one is its file and a line here."""

from model.questions.halts import Halts
from model.questions.input import Input
from model.questions.output import Output
from model.questions.question import Question

QUESTIONS: dict[str, Question] = {each.name: each for each in (Output(), Input(), Halts())}
