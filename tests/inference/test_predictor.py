"""Post-processing behind a network: at the photograph's own size, on the part of the square that it fills."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trashseg.checkpoint import Trained
from trashseg.inference import Predictor
from trashseg.maps import most_probable
from trashseg.models.contract import SegmentationNet
from trashseg.post import ModeFilter, Post, Step
from trashseg.tta import TTA
from trashseg.types import Batch, ClassTable

NAMES = ("Background", "A", "B")
TABLE = ClassTable.from_mapping({name: {"id": i, "color": [i, i, i]} for i, name in enumerate(NAMES)})


class Plain(SegmentationNet):
    """The class of a pixel is its strongest colour."""

    def logits(self, x: Tensor) -> Tensor:
        return 10 * x


@dataclass(frozen=True, kw_only=True)
class Weakest(Step):
    """Takes the photograph's weakest colour, to show that it is the photograph that arrives."""

    def __call__(self, image: np.ndarray, probs: Tensor, pred: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return image.argmin(-1).astype(np.uint8)


def predict(image: Tensor, post: Post | None) -> Tensor:
    """Return the probabilities of a photograph of 6x8 that fills the upper part of a square of 8."""
    net = Plain((0.5,) * 3, (0.5,) * 3, 1)
    batch: Batch = {"image": image[None], "index": [0], "name": ["x"], "content": [(6, 8)], "size": [(6, 8)]}
    (probs,) = Predictor(Trained(Path("x"), TABLE, {}, net), TTA(), "cpu", "32-true", post)(batch)
    return probs


def test_probabilities_take_the_classes_of_the_steps() -> None:
    image = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    plain = predict(image, None)
    torch.testing.assert_close(predict(image, Post({}, TABLE.names)), plain, rtol=0, atol=0)
    steps = {"weakest": Weakest(), "mode": ModeFilter(size=3)}
    found = predict(image, Post(steps, TABLE.names))
    seen = image[:, :6].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(most_probable(found), Post(steps, TABLE.names)(seen, plain))
    assert (most_probable(found) != most_probable(plain)).any()
    torch.testing.assert_close(found.sum(0), torch.ones(6, 8))
