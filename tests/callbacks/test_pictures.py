"""Which photographs the pictures show, and the line that an epoch prints."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from trashseg.callbacks.pictures import PredictionPictures
from trashseg.types import Batch, ClassTable

K = 6
TABLE = ClassTable.from_mapping({f"class {k}": {"id": k, "color": [40 * k, 0, 0]} for k in range(K)})
MODULE = SimpleNamespace(table=TABLE)


def batch_of(num_classes: list[int], first: int, *, ghost: int | None = None) -> Batch:
    """Return photographs of which each shows the given number of classes."""
    masks = [torch.arange(24 * 20).reshape(24, 20).remainder(count).byte() for count in num_classes]
    return {
        "image": torch.randint(0, 256, (len(masks), 3, 16, 16), dtype=torch.uint8),
        "mask": masks,
        "index": [-1 if i == ghost else first + i for i in range(len(masks))],
        "name": [f"batch/{first + i}.jpg" for i in range(len(masks))],
        "content": [(16, 12)] * len(masks),
        "size": [(24, 20)] * len(masks),
    }


def trainer(epoch: int = 0, **others: Any) -> Any:
    values = {"sanity_checking": False, "is_global_zero": True, "loggers": [], "global_step": 1, "max_epochs": 10}
    return SimpleNamespace(current_epoch=epoch, **{**values, **others})


def run_epoch(callback: PredictionPictures, stage: Any) -> list[str]:
    """Validate two batches and return the names that the picture shows, in its order."""
    callback.on_validation_epoch_start(stage, MODULE)  # type: ignore[arg-type]
    for number, batch in enumerate((batch_of([2, 5, 3], 0), batch_of([6, 5, 6], 3, ghost=2))):
        preds = [torch.randint(0, K, mask.shape).byte() for mask in batch["mask"]]
        callback.on_validation_batch_end(stage, MODULE, {"pred": preds}, batch, number)
    names = [entry.row[3].split("\t")[0] for entry in sorted(callback._shown, reverse=True)]
    callback.on_validation_epoch_end(stage, MODULE)
    return names


def test_pictures_show_the_photographs_with_most_classes_each_time(tmp_path: Path) -> None:
    callback = PredictionPictures(str(tmp_path), num_images=3)
    for epoch in range(2):
        # Photograph 5 has six classes too, but only fills a batch; 1 goes before 4, which has as many classes.
        assert run_epoch(callback, trainer(epoch)) == ["batch/3.jpg", "batch/1.jpg", "batch/4.jpg"]
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["epoch_001.png", "epoch_002.png"]
    assert cv2.imread(str(tmp_path / written[0])).shape[0] > 3 * 24


def test_pictures_come_at_their_interval_and_after_the_last_epoch(tmp_path: Path) -> None:
    callback = PredictionPictures(str(tmp_path), num_images=2, every_n_epochs=3)
    for epoch in range(10):
        run_epoch(callback, trainer(epoch))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "epoch_003.png", "epoch_006.png", "epoch_009.png", "epoch_010.png",
    ]  # fmt: skip


@pytest.mark.parametrize("others", [{"sanity_checking": True}, {"is_global_zero": False}])
def test_no_picture_of_a_trial_or_of_another_process(tmp_path: Path, others: dict[str, bool]) -> None:
    run_epoch(PredictionPictures(str(tmp_path)), trainer(**others))
    assert list(tmp_path.iterdir()) == []


def test_a_picture_goes_to_tensorboard(tmp_path: Path) -> None:
    from lightning.pytorch.loggers import TensorBoardLogger
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logger = TensorBoardLogger(str(tmp_path / "tb"), name="", version="")
    run_epoch(PredictionPictures(str(tmp_path / "pictures"), num_images=2), trainer(loggers=[logger]))
    logger.experiment.flush()
    events = EventAccumulator(str(tmp_path / "tb"))
    events.Reload()
    (event,) = events.Images("val/predictions")
    shown = cv2.imdecode(np.frombuffer(event.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(shown, cv2.imread(str(tmp_path / "pictures" / "epoch_001.png")))
