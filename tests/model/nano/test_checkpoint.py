"""Reading a checkpoint's folder: every kind of weights, and one line for all that can be wrong."""

import contextlib
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save, save_file

from model.errors import FOR_THE_USER
from model.nano.checkpoint import CheckpointProblem, is_checkpoint, read_checkpoint, shipped
from tests.model.nano.checkpoints import ORDINARY, config, tensors, tokenizer, write_checkpoint


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A folder of the test's own."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def change(path: Path, **changes: object) -> None:
    """Change fields of a JSON file; None takes one away."""
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: v for name, v in content.items() if v is not None}))


def as_bfloat16(found: dict[str, np.ndarray]) -> bytes:  # type: ignore[type-arg]
    """Tensors in a file as torch writes it; NumPy knows no such type."""
    header: dict[str, object] = {}
    data = b""
    for name, numbers in found.items():
        part = (numbers.view(np.uint32) >> 16).astype("<u2").tobytes()
        offsets = [len(data), len(data) + len(part)]
        header[name] = {"dtype": "BF16", "shape": numbers.shape, "data_offsets": offsets}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def test_what_is_there_is_read(folder: Path) -> None:
    found = read_checkpoint(folder)
    assert found.name == "small"
    assert found.reach.context == 400
    assert found.config.windows == (24, 24, 24, None, 24)
    assert found.tokenizer.special("<|begin_of_text|>") == ORDINARY
    assert found.parameters == sum(each.size for each in tensors(config()).values())
    assert read_checkpoint(folder, "other").name == "other"


def test_half_precision_of_either_kind(copy: Path) -> None:
    exact = tensors(config())
    halves = {name: numbers.astype(np.float16) for name, numbers in exact.items()}
    save_file(halves, copy / "model.safetensors")
    for name, numbers in read_checkpoint(copy).tensors.items():
        assert numbers.dtype == np.float32
        assert np.array_equal(numbers, halves[name].astype(np.float32))
    (copy / "model.safetensors").write_bytes(as_bfloat16(exact))
    for name, numbers in read_checkpoint(copy).tensors.items():
        assert np.allclose(numbers, exact[name], rtol=2**-7)
        assert not (numbers.view(np.uint32) & 0xFFFF).any()


def test_without_a_nano_json_the_network_says_how_far_it_goes(copy: Path) -> None:
    (copy / "nano.json").unlink()
    assert read_checkpoint(copy).reach.context == 4096


def test_a_padded_vocabulary_is_no_other_tokenizer_s(tmp_path: Path) -> None:
    assert (
        read_checkpoint(write_checkpoint(tmp_path / "wide", vocab_size=1024)).tokenizer.size < 1024
    )


Break = Callable[[Path], object]
BROKEN: dict[str, tuple[Break, str]] = {
    "no config": (lambda at: (at / "config.json").unlink(), "cannot read .*config.json: No such"),
    "no JSON": (lambda at: (at / "config.json").write_text("{"), "Invalid JSON"),
    "another architecture": (
        lambda at: change(at / "config.json", model_type="llama"),
        "model_type: Input should be 'cwm'",
    ),
    "biases": (lambda at: change(at / "config.json", mlp_bias=True), "mlp_bias"),
    "another activation": (lambda at: change(at / "config.json", hidden_act="gelu"), "hidden_act"),
    "an odd head": (lambda at: change(at / "config.json", head_dim=33), "head_dim"),
    "heads that do not fit": (
        lambda at: change(at / "config.json", num_key_value_heads=3),
        "no multiple of num_key_value_heads",
    ),
    "too few layer types": (
        lambda at: change(at / "config.json", layer_types=["full_attention"]),
        "as many entries as there are layers",
    ),
    "no window": (lambda at: change(at / "config.json", sliding_window=None), "sliding_window"),
    "a scaling of another kind": (
        lambda at: change(
            at / "config.json", rope_parameters={"rope_type": "yarn", "rope_theta": 1e4}
        ),
        "rope_parameters.rope_type",
    ),
    "no rope": (lambda at: change(at / "config.json", rope_parameters=None), "rope_parameters"),
    "no weights": (lambda at: (at / "model.safetensors").unlink(), "cannot read .*safetensors"),
    "cut weights": (
        lambda at: (at / "model.safetensors").write_bytes(
            (at / "model.safetensors").read_bytes()[:-100]
        ),
        "are not whole",
    ),
    "empty weights": (lambda at: (at / "model.safetensors").write_bytes(b""), "are not whole"),
    "a missing tensor": (
        lambda at: save_file(
            {n: t for n, t in tensors(config()).items() if "3.mlp.up" not in n},
            at / "model.safetensors",
        ),
        "lack model.layers.3.mlp.up_proj.weight",
    ),
    "a wide tensor": (
        lambda at: save_file(tensors(config(intermediate_size=128)), at / "model.safetensors"),
        r"of shape \(128, 64\), not \(96, 64\)",
    ),
    "integers": (
        lambda at: save_file(
            {n: t.astype(np.int8) for n, t in tensors(config()).items()}, at / "model.safetensors"
        ),
        "are of type I8",
    ),
    "no number": (
        lambda at: save_file(
            {n: t * np.float32(np.nan) for n, t in tensors(config()).items()},
            at / "model.safetensors",
        ),
        "holds what is no number",
    ),
    "no tokenizer": (lambda at: (at / "tokenizer.json").unlink(), "cannot read the tokenizer"),
    "a larger tokenizer": (
        lambda at: (at / "tokenizer.json").write_text(tokenizer(first_special=2_000)),
        "is another model's: its <.begin_of_text.> is 2000, the model's 768",
    ),
    "a tokenizer of more": (
        lambda at: change(at / "config.json", vocab_size=700),
        "is another model's: it has 783 tokens, the model 700",
    ),
    "another tokenizer": (
        lambda at: change(at / "config.json", bos_token_id=1),
        "is another model's: its <.begin_of_text.> is 768, the model's 1",
    ),
    "another end": (lambda at: change(at / "config.json", eos_token_id=3), "does not end"),
    "a context beyond the network": (
        lambda at: change(at / "nano.json", context=5_000),
        "context of 5,000 tokens, and the network goes to 4,096",
    ),
    "nonsense of its reach": (lambda at: change(at / "nano.json", sure=2), "nano.json .*sure"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_wrong_is_told_in_one_line(copy: Path, how: str) -> None:
    spoil, said = BROKEN[how]
    spoil(copy)
    with pytest.raises(CheckpointProblem, match=said) as caught:
        read_checkpoint(copy)
    assert isinstance(caught.value, FOR_THE_USER)
    assert "\n" not in caught.value.message


def test_a_tokenizer_without_traces_is_another_model_s(copy: Path) -> None:
    content = json.loads((copy / "tokenizer.json").read_text())
    content["added_tokens"] = [t for t in content["added_tokens"] if "_sep" not in t["content"]]
    (copy / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointProblem, match="no tokens for traces"):
        read_checkpoint(copy)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointProblem, match="there is no model at"):
        read_checkpoint(tmp_path / "none")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_happened_to_the_weights_nothing_else_is_raised(
    copy: Path, data: st.DataObject
) -> None:
    whole = save(tensors(config()))
    begin = data.draw(st.integers(0, 5_000) | st.integers(0, len(whole)))
    spoilt = whole[:begin] + data.draw(st.binary(max_size=40)) + whole[begin + 8 :]
    (copy / "model.safetensors").write_bytes(spoilt)
    with contextlib.suppress(CheckpointProblem):
        read_checkpoint(copy)


def test_a_folder_is_known_without_reading_its_weights(copy: Path, tmp_path: Path) -> None:
    assert is_checkpoint(copy)
    assert not is_checkpoint(tmp_path)
    assert not is_checkpoint(tmp_path / "none")
    assert not is_checkpoint(copy / "config.json")
    with (copy / "model.safetensors").open("r+b") as file:
        file.truncate(300 * 1024**2)  # it has no more bytes on the disk than before
    assert not is_checkpoint(copy)
    with pytest.raises(CheckpointProblem, match="more than 256 MiB"):
        read_checkpoint(copy)
    (copy / "model.safetensors").unlink()
    assert is_checkpoint(copy)  # so that what is missing is told
    change(copy / "config.json", model_type="qwen3")
    assert not is_checkpoint(copy)


def test_what_is_shipped_lies_in_the_package() -> None:
    assert shipped().parts[-3:] == ("model", "nano", "weights")
