"""Names exchanged while training."""

import numpy
import pytest
import tokenizers

from model.nano.training.batches import batches
from model.nano.training.renaming import Renaming
from model.nano.training.vocabulary import make_vocabulary
from model.trace.reading import read_frames
from tests.model.nano.training.programs import examples, forms, vocabulary

SOURCE = (
    'def tally(words):\n    for word in words:\n        total += len("size")\n    return total\n'
)


@pytest.fixture(scope="module")
def tokenizer() -> str:
    others = "alpha beta gamma delta size tally _up _down".replace(" ", " = 1\n")
    return make_vocabulary([SOURCE, others], [], 400)


def renamed(tokenizer: str, text: str, seed: int) -> str:
    library = tokenizers.Tokenizer.from_str(tokenizer)
    ids = numpy.array(library.encode(text).ids)
    found = Renaming(tokenizer, 1).renamed(ids, len(ids), numpy.random.default_rng(seed))
    return library.decode(found.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_names_become_others_everywhere_alike(tokenizer: str, seed: int) -> None:
    found = renamed(tokenizer, SOURCE, seed)
    assert found != SOURCE
    name, items, item, total = (
        found.split("(")[0].removeprefix("def "),
        found.split("(")[1].split(")")[0],
        found.split("for ")[1].split(" in ")[0],
        found.split("return ")[1].strip(),
    )
    assert len({name, items, item, total}) == 4
    again = SOURCE.replace("words", "\0").replace("word", item).replace("\0", items)
    assert found == again.replace("tally", name).replace("total", total)
    compile(found, "", "exec")


@pytest.mark.parametrize("seed", range(5))
def test_what_means_something_stays(tokenizer: str, seed: int) -> None:
    found = renamed(tokenizer, SOURCE, seed)
    assert 'len("size")' in found


def test_a_trace_is_renamed_with_its_source() -> None:
    library = tokenizers.Tokenizer.from_str(vocabulary())
    found = list(batches(examples(20), 2_000, 0, 1, renaming=Renaming(vocabulary(), 1)))
    plain = list(batches(examples(20), 2_000, 0, 1))
    assert any((a.ids != b.ids).any() for a, b in zip(found, plain, strict=True))
    for batch, same in zip(found, plain, strict=True):
        for ids, wanted, before in zip(batch.ids, batch.wanted, same.ids, strict=True):
            answer = library.decode(ids[wanted].tolist(), skip_special_tokens=False)
            first = library.decode(before[wanted].tolist(), skip_special_tokens=False)
            kind = None if answer.startswith("<|line") else "return"
            assert not read_frames(answer, kind).problems
            assert [f.kind for f in read_frames(answer, kind).frames] == [
                f.kind for f in read_frames(first, kind).frames
            ]
    assert len(forms(20)) == sum(len(batch.ids) for batch in found)


def test_a_share_of_the_texts_stays(tokenizer: str) -> None:
    ids = numpy.array(tokenizers.Tokenizer.from_str(tokenizer).encode(SOURCE).ids)
    half, chance = Renaming(tokenizer, 0.5), numpy.random.default_rng(0)
    same = sum((half.renamed(ids, len(ids), chance) == ids).all() for _ in range(200))
    assert 60 < same < 140
