"""Model files: written whole, read back to the last bit, refused in a sentence."""

import json

import pytest
import torch
from safetensors.torch import save_file

from stellar_gui.models.blocks import ErrorModel
from stellar_gui.models.files import load_model, save_model
from stellar_gui.models.payne import Payne, untrained
from tests.line_model import LineModel, log_grid
from tests.test_payne import LABELS, NAMES


@pytest.fixture
def model():
    bare = untrained(NAMES, LABELS.numpy(), log_grid(), n_hidden=30)
    tensors = bare.to_tensors()
    tensors["error_modes"], tensors["error_tail"] = torch.rand(2, 560), torch.rand(560)
    tensors["training_labels"] = LABELS
    header = bare.header() | {"medium": "air", "resolution": 25000.0}
    return Payne.from_tensors(tensors, header | {"provenance": {"seed": 3}})


def test_a_model_comes_back_to_the_last_bit(model, tmp_path):
    again = load_model(save_model(model, tmp_path / "payne.safetensors"))
    assert isinstance(again, Payne)
    assert torch.equal(again(LABELS), model(LABELS))
    assert again.header() == model.header()
    assert isinstance(again.flux_covariance, ErrorModel)
    for name, tensor in model.to_tensors().items():
        assert torch.equal(again.to_tensors()[name], tensor), name
    assert [path.name for path in tmp_path.iterdir()] == ["payne.safetensors"]


def test_provenance_that_is_not_plain_is_refused(model, tmp_path):
    model.provenance["source"] = tmp_path
    with pytest.raises(ValueError, match=r"header of the payne model cannot be stored"):
        save_model(model, tmp_path / "payne.safetensors")
    assert not list(tmp_path.iterdir())


def test_the_header_says_what_the_numbers_mean(model, tmp_path):
    path = save_model(model, tmp_path / "payne.safetensors")
    size = int.from_bytes(path.read_bytes()[:8], "little")
    stored = json.loads(path.read_bytes()[8 : 8 + size])["__metadata__"]["header"]
    header = json.loads(stored)
    assert header["label_units"] == ["K", "dex", "dex", "dex"]
    assert header["label_ranges"][0] == [4300.0, 6200.0]
    assert header["medium"] == "air"
    assert header["normalisation"] == "continuum"
    assert header["provenance"] == {"seed": 3}


def test_half_precision_is_widened_when_read(model, tmp_path):
    path = save_model(model, tmp_path / "small.safetensors", half=("error_modes",))
    again = load_model(path)
    assert again.flux_covariance.modes.dtype == torch.float32
    torch.testing.assert_close(
        again.flux_covariance.modes, model.flux_covariance.modes, atol=1e-3, rtol=0
    )


def test_eight_bits_are_steps_of_the_largest_number_of_a_row(model, tmp_path):
    path = save_model(model, tmp_path / "small.safetensors", byte=("weight3",))
    weight = model.network.weight3
    error = load_model(path).network.weight3 - weight
    step = weight.abs().amax(1, keepdim=True) / 127
    assert error.abs().max() > 0
    assert (error.abs() <= 0.501 * step).all()


def test_a_truncated_file_is_refused(model, tmp_path):
    path = save_model(model, tmp_path / "payne.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"not a whole model file.*Copy the file again"
    ):
        load_model(path)


@pytest.mark.parametrize("content", [b"", b"SIMPLE  =", b"\x80\x04pickle" * 20])
def test_an_unknown_file_is_refused(content, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"not a whole model file"):
        load_model(path)


def test_tensors_of_others_and_newer_files_are_refused(model, tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.ones(3)}, path)
    with pytest.raises(ValueError, match=r"no header of a stellar_gui model"):
        load_model(path)
    header = {"format": "stellar_gui model", "version": 1, "kind": "oracle"}
    save_file({"a": torch.ones(3)}, path, metadata={"header": json.dumps(header)})
    with pytest.raises(ValueError, match=r"kind 'oracle', expected one of .* payne"):
        load_model(path)
    save_file(
        {"a": torch.ones(3)},
        path,
        metadata={"header": json.dumps(header | {"version": 99})},
    )
    with pytest.raises(ValueError, match=r"version 99.*newer stellar_gui"):
        load_model(path)
    header["kind"] = "payne"
    save_file({"a": torch.ones(3)}, path, metadata={"header": json.dumps(header)})
    with pytest.raises(ValueError, match=r"lacks 'weight1', which a payne model needs"):
        load_model(path)


def test_what_cannot_be_saved_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"LineModel cannot be saved"):
        save_model(LineModel(), tmp_path / "lines.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no model file"):
        load_model(tmp_path / "nothing.safetensors")
