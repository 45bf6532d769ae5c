"""trainer.auto_batch: the largest batch that fits, the same effective batch, and no trace of the search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from trashseg.callbacks.auto_batch import AutoBatch
from trashseg.module import SegmentationModule
from trashseg.recovery import memory_advice

Verb = Callable[..., None]
SMALL = ["trainer.max_epochs=2", "callbacks.pictures=null", "data.batch_size=2", "trainer.accumulate_grad_batches=2"]


def content(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return found


def tensors(node: Any) -> list[torch.Tensor]:
    if isinstance(node, torch.Tensor):
        return [node]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else []
    return [tensor for child in children for tensor in tensors(child)]


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Give the device memory for so many images; the list that comes back notes the batches that were trained on."""
    real = SegmentationModule.losses

    def limit(most: int) -> list[int]:
        seen: list[int] = []

        def losses(module: SegmentationModule, batch: Any) -> Any:
            if len(batch["image"]) > most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            seen.append(len(batch["image"]))
            return real(module, batch)

        monkeypatch.setattr(SegmentationModule, "losses", losses)
        return seen

    return limit


def test_where_all_fits_nothing_changes(
    verb: Verb, tiny: list[str], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("train", *tiny, "trainer.max_epochs=3", "trainer.auto_batch=true", f"hydra.run.dir={tmp_path}")
    found, expected = content(tmp_path), content(trained)
    for part in ("state_dict", "current_model_state", "optimizer_states", "lr_schedulers"):
        pairs = list(zip(tensors(found[part]), tensors(expected[part]), strict=True))
        assert all(torch.equal(*pair) for pair in pairs)
        assert pairs or part == "lr_schedulers"
    assert found["global_step"] == expected["global_step"]
    assert "tried 2 (fits); data.batch_size=2 trainer.accumulate_grad_batches=1" in capsys.readouterr().out


def test_what_does_not_fit_is_accumulated(
    verb: Verb,
    tiny: list[str],
    tmp_path: Path,
    memory_for: Callable[[int], list[int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    verb("train", *tiny, *SMALL, f"hydra.run.dir={tmp_path / 'by_hand'}")
    seen = memory_for(3)
    command = ["data.batch_size=4", "trainer.accumulate_grad_batches=1", "trainer.auto_batch=true"]
    verb("train", *tiny, *SMALL, *command, f"hydra.run.dir={tmp_path / 'found'}")
    assert (
        "tried 4 (out of memory), 2 (fits); data.batch_size=2 trainer.accumulate_grad_batches=2"
        in capsys.readouterr().out
    )
    assert set(seen) == {2}
    by_hand, found = content(tmp_path / "by_hand"), content(tmp_path / "found")
    pairs = zip(tensors(by_hand["state_dict"]), tensors(found["state_dict"]), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    # Two steps an epoch of six photographs: four, and the two that are left.
    assert found["global_step"] == by_hand["global_step"] == 4


def test_a_batch_of_one_is_too_few(
    refused: Callable[..., str], tiny: list[str], tmp_path: Path, memory_for: Callable[[int], list[int]]
) -> None:
    memory_for(1)
    line = refused("train", *tiny, *SMALL, "trainer.auto_batch=true", f"hydra.run.dir={tmp_path}")
    assert "model.grad_checkpointing=true" in line
    assert "batch" not in line
    assert not list(tmp_path.rglob("*.ckpt"))


def test_other_errors_are_not_taken_for_full_memory(
    verb: Verb, tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(SegmentationModule, "losses", fail)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        verb("train", *tiny, "trainer.auto_batch=true", f"hydra.run.dir={tmp_path}")


def test_the_advice_names_it_first_until_it_was_tried() -> None:
    trainer = {"accumulate_grad_batches": 1, "precision": "16-mixed", "auto_batch": False}
    config = {"data": {"batch_size": 8, "image_size": 512}, "model": {}, "trainer": trainer}
    first, second, *_ = memory_advice(config).split("in this order: ")[1].split("; ")
    assert first.startswith("trainer.auto_batch=true")
    assert second.startswith("data.batch_size=4 trainer.accumulate_grad_batches=2")
    trainer["auto_batch"] = True
    assert "batch" not in memory_advice(config)
    trainer["auto_batch"] = False
    config["data"]["batch_size"] = 2  # it would try nothing smaller
    assert "auto_batch" not in memory_advice(config)


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_it_is_true_or_false(refused: Callable[..., str], tiny: list[str], tmp_path: Path, value: str) -> None:
    line = refused("train", *tiny, f"trainer.auto_batch={value}", f"hydra.run.dir={tmp_path}")
    assert f"trainer.auto_batch={value}; give true or false" in line


def test_the_callback_leaves_other_stages_alone() -> None:
    AutoBatch().setup(None, None, "validate")  # type: ignore[arg-type]
