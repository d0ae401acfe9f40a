"""What is read of a model before it is served."""

from pathlib import Path

import pytest

from model.errors import ModelMisconfigured
from model.serve.checkpoint import CWM_SHAPE, find_checkpoint
from model.serve.memory import weight_bytes
from tests.model.serve.standin import checkpoint


def test_cwm_is_known_without_its_files() -> None:
    found = find_checkpoint("facebook/cwm")
    assert found.shape is CWM_SHAPE
    assert (found.source, found.name, found.local) == ("facebook/cwm", "facebook/cwm", False)
    assert find_checkpoint("facebook/cwm-sft").shape is CWM_SHAPE


def test_a_folder_tells_its_layers_windows_and_size(tmp_path: Path) -> None:
    found = find_checkpoint(str(checkpoint(tmp_path / "small", weights=1_000_000)))
    assert (found.source, found.name, found.local) == (str(tmp_path / "small"), "small", True)
    shape = found.shape
    assert shape is not None
    assert shape.windows == (None, 64, 64, 64)
    assert (shape.heads, shape.kv_heads, shape.head_dim) == (4, 2, 32)
    assert shape.parameters == 500_000
    assert shape.tables == 2 * 512 * 64
    assert shape.context == 131_072


def test_layers_without_types_count_as_full(tmp_path: Path) -> None:
    shape = find_checkpoint(str(checkpoint(tmp_path, layer_types=None))).shape
    assert shape is not None
    assert shape.windows == (None,) * 4


def test_32_bit_weights_are_half_as_many_and_served_in_16_bits(tmp_path: Path) -> None:
    shape = find_checkpoint(str(checkpoint(tmp_path, dtype=None, torch_dtype="float32"))).shape
    assert shape is not None
    assert shape.parameters == 250_000
    assert weight_bytes(shape) == 500_000
    assert weight_bytes(shape, number=4) == 1_000_000


def test_weights_that_are_stored_quantized_are_not_counted_as_16_bits(tmp_path: Path) -> None:
    shape = find_checkpoint(
        str(checkpoint(tmp_path, quantization_config={"quant_method": "awq"}))
    ).shape
    assert shape is not None
    assert weight_bytes(shape) == weight_bytes(shape, "fp8") == 1_000_000


def test_a_model_in_the_hubs_cache_is_read_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "models--some--model" / "snapshots" / "0123"
    checkpoint(snapshot, num_hidden_layers=4)
    (snapshot / "tokenizer.json").write_text("{}")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    shape = find_checkpoint("some/model").shape
    assert shape is not None
    assert len(shape.windows) == 4
    assert find_checkpoint("other/model").shape is None


@pytest.mark.parametrize("model", ["/nowhere/at/all", "./none", "a/b/c", " ", "~nobody-here/x"])
def test_a_place_without_a_model_is_refused(model: str) -> None:
    with pytest.raises(ModelMisconfigured, match="there is no model at"):
        find_checkpoint(model)


def test_a_folder_that_is_no_model_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ModelMisconfigured, match=r"config\.json cannot be read"):
        find_checkpoint(str(tmp_path))
    for text in ("", "[]", "{", "\x00" * 10, "1" * 1_000, "[" * 100_000):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(ModelMisconfigured, match="does not describe a model"):
            find_checkpoint(str(tmp_path))
    checkpoint(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelMisconfigured, match="no weights"):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize(
    "changes",
    [{"hidden_size": -1}, {"hidden_size": None, "text_config": {}}, {"num_hidden_layers": "many"}],
)
def test_a_model_of_another_kind_is_left_to_vllm(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    found = find_checkpoint(str(checkpoint(tmp_path, **changes)))
    assert found.local
    assert found.shape is None
