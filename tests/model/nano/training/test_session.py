"""The recipe at a hundredth of its size: it learns, goes on, and what it makes loads elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.model.nano.training.programs import examples, vocabulary

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def training(folder: Path, **changes: Any) -> Any:
    from model.nano.training.network import Shape
    from model.nano.training.session import Phase, Recipe, Training

    torch.set_num_threads(1)
    shape = Shape(vocabulary=512, hidden=64, layers=2, heads=2, kv_heads=1, head=32, inner=128)
    phases = (Phase("code", 0.1, 512, 1.0), Phase("traces", 0.9, 512, 0.05))
    recipe = Recipe(**{"tokens": 240_000, "batch": 4_096, "phases": phases} | changes)
    made, ids = (
        examples(),
        {t["content"]: t["id"] for t in json.loads(vocabulary())["added_tokens"]},
    )
    marks = {"pad": ids["<|pad|>"], "frame_end": ids["<|frame_sep|>"]}
    return Training(folder, recipe, shape, made, made, **marks)


def test_the_loss_falls_and_the_curve_says_so(tmp_path: Path) -> None:
    lines: list[str] = []
    made = training(tmp_path)
    before = made.measure(40)
    made.run(lines.append, every=20)
    after = made.measure(40)
    assert after.loss < before.loss / 4
    assert after.tokens > 0.6 > before.tokens
    assert after.frames > before.frames
    curve = [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()]
    assert len(curve) == len(lines) >= 3
    assert [each["tokens"] for each in curve] == sorted(each["tokens"] for each in curve)
    assert curve[-1]["tokens"] >= 240_000


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    straight = training(tmp_path / "straight", tokens=60_000)
    straight.run(lambda line: None, every=5)
    stopped = training(tmp_path / "stopped", tokens=60_000)
    steps = iter(range(7))
    for batch in stopped._batches():
        stopped._step(batch)
        if next(steps, None) == 6:
            break
    stopped.save()
    again = training(tmp_path / "stopped", tokens=60_000)
    assert again.done == stopped.done > 0
    again.run(lambda line: None, every=5)
    assert again.steps == straight.steps
    assert again.measure(20).loss == pytest.approx(straight.measure(20).loss, rel=1e-3)


def test_the_frames_told_rightly_are_those_that_greedy_decoding_writes(tmp_path: Path) -> None:
    made = training(tmp_path)
    made.run(lambda line: None, every=100)
    given = examples()
    start, prompt, end = given.starts[0], int(given.prompts[0]), given.starts[1]
    ids = [int(each) for each in given.ids[start:end]]
    written = ids[:prompt]
    with torch.no_grad():
        while len(written) < len(ids):
            written.append(int(made.network(torch.tensor([written]))[0, -1].argmax()))
        told = made.network(torch.tensor([ids[:-1]]))[0].argmax(-1).tolist()
    assert (written == ids) == (told[prompt - 1 :] == ids[prompt:])


def test_what_is_exported_loads_in_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    from model.nano.training.export import export

    network = training(tmp_path / "run").network
    export(network, vocabulary(), tmp_path / "weights", {"sure": 0.5})
    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "weights", dtype=torch.float32
    )
    assert type(loaded).__name__ == "CwmForCausalLM"
    halves = {name: weight.half().float() for name, weight in network.state_dict().items()}
    network.load_state_dict(halves)
    ids = torch.randint(0, 500, (2, 600))
    with torch.no_grad():
        assert torch.allclose(loaded(ids).logits, network(ids), atol=1e-4)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "weights")
    assert tokenizer.decode(tokenizer.encode("total<|frame_sep|>")) == "total<|frame_sep|>"
    assert json.loads((tmp_path / "weights" / "nano.json").read_text())["context"] == 1536


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path: Path) -> None:
    from model.nano.training.network import Shape
    from model.nano.training.session import Training

    made = training(tmp_path)
    made.save()
    with pytest.raises(ValueError, match="other sizes"):
        Training(
            tmp_path, made.recipe, Shape(hidden=32), made.train, made.valid, pad=0, frame_end=1
        )
