"""The Lightning module: scores against torchmetrics, what counts and what does not."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from trashseg.losses import CrossEntropy
from trashseg.module import SegmentationModule
from trashseg.optim import Recipe
from trashseg.optim.schedules import Constant
from trashseg.quiet import quiet
from trashseg.types import IGNORE_INDEX, Batch, ClassTable, ConfigError

K = 4
TABLE = ClassTable.from_mapping({f"class {k}": {"id": k, "color": [40 * k, 0, 0]} for k in range(K)})


class OneByOne(nn.Module):
    """Logits from each pixel's own colour."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, K, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(4 * image - 2)
        return logits


class OwnLoss(OneByOne):
    """A network with deep supervision: two named parts."""

    def training_loss(self, image: torch.Tensor, target: torch.Tensor, pixel_loss: Any) -> dict[str, torch.Tensor]:
        return {"stage1": pixel_loss(self(image), target), "stage2": 3 * pixel_loss(self(image), target)}


@pytest.fixture(autouse=True)
def _seed() -> None:
    quiet()
    torch.manual_seed(0)


def make(net: nn.Module | None = None) -> SegmentationModule:
    recipe = Recipe("sgd", lr=0.1, schedule=Constant())
    return SegmentationModule(net or OneByOne(), CrossEntropy(), recipe, TABLE)


def eval_batch(sizes: list[tuple[int, int]], contents: list[tuple[int, int]], side: int = 16) -> Batch:
    """Return photographs of ``sizes`` whose network images (side, side) are filled up to ``contents``."""
    masks = []
    for size in sizes:
        mask = torch.randint(0, K, size, dtype=torch.uint8)
        mask[0, :3] = IGNORE_INDEX
        masks.append(mask)
    return {
        "image": torch.randint(0, 256, (len(sizes), 3, side, side), dtype=torch.uint8),
        "mask": masks,
        "index": list(range(len(sizes))),
        "name": [f"{i}.jpg" for i in range(len(sizes))],
        "content": contents,
        "size": sizes,
    }


def train_batch(side: int = 16) -> Batch:
    batch = eval_batch([(side, side)] * 2, [(side, side)] * 2, side)
    batch["mask"] = torch.stack(list(batch["mask"]))
    return batch


def validate(module: SegmentationModule, batches: list[Batch], **options: Any) -> dict[str, float]:
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, **options,
    )  # fmt: skip
    loader: DataLoader[Any] = DataLoader(batches, batch_size=None, collate_fn=lambda batch: batch)  # type: ignore[arg-type]
    return trainer.validate(module, loader, verbose=False)[0]


SIZES = [(16, 16), (30, 23), (9, 40)]


def test_scores_equal_torchmetrics_over_the_whole_set() -> None:
    module = make().eval()
    batches = [eval_batch(SIZES, [(16, 16)] * 3), eval_batch(SIZES[:1], [(16, 16)])]
    jaccard = MulticlassJaccardIndex(K, average="macro", ignore_index=IGNORE_INDEX)
    each = MulticlassJaccardIndex(K, average=None, ignore_index=IGNORE_INDEX)
    accuracy = MulticlassAccuracy(K, average="micro", ignore_index=IGNORE_INDEX)
    with torch.no_grad():
        for batch in batches:
            probs = module.net(batch["image"] / 255).softmax(1)
            for one, mask in zip(probs, batch["mask"], strict=True):
                full = nn.functional.interpolate(one[None], size=mask.shape, mode="bilinear", align_corners=False)
                for metric in (jaccard, each, accuracy):
                    metric.update(full.argmax(1)[0], mask.long())
    scores = validate(module, batches)
    assert scores["val/miou"] == pytest.approx(float(jaccard.compute()), abs=1e-6)
    assert scores["val/pixel_acc"] == pytest.approx(float(accuracy.compute()), abs=1e-6)
    given = [scores[f"val/iou/class {k}"] for k in range(K)]
    assert given == pytest.approx(each.compute().tolist(), abs=1e-6)


def test_predictions_have_the_size_of_the_label() -> None:
    module = make().eval()
    batch = eval_batch(SIZES, [(16, 16)] * 3)
    with torch.no_grad():
        preds = module.validation_step(batch, 0)["pred"]
    assert [tuple(pred.shape) for pred in preds] == SIZES


def test_repeats_that_fill_a_distributed_batch_do_not_count() -> None:
    batch = eval_batch(SIZES, [(16, 16)] * 3)
    ghost = {**batch, "index": [0, 1, -1]}
    only = {key: value[:2] for key, value in batch.items()}
    module = make().eval()
    assert validate(module, [ghost]) == validate(module, [only])  # type: ignore[list-item]
    assert validate(module, [ghost]) != validate(module, [batch])  # type: ignore[list-item]


def test_padding_does_not_count() -> None:
    batch = eval_batch([(30, 15)], [(16, 8)])
    other = {**batch, "image": batch["image"].clone()}
    other["image"][..., 8:] = 255 - other["image"][..., 8:]
    module = make().eval()
    assert validate(module, [batch]) == validate(module, [other])  # type: ignore[list-item]


def test_validation_loss_is_the_mean_over_photographs() -> None:
    module, batch = make().eval(), eval_batch(SIZES[:1] * 3, [(16, 16)] * 3)
    with torch.no_grad():
        logits = module.net(batch["image"] / 255)
        losses = [
            nn.functional.cross_entropy(one[None], mask[None].long(), ignore_index=IGNORE_INDEX)
            for one, mask in zip(logits, batch["mask"], strict=True)
        ]
    assert validate(module, [batch])["val/loss"] == pytest.approx(float(torch.stack(losses).mean()), rel=1e-5)


def test_a_network_may_sum_its_own_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, torch.Tensor] = {}
    module, batch = make(OwnLoss()), train_batch()
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: value}))
    monkeypatch.setattr(module, "log_dict", lambda values, **_: logged.update(values))
    loss = module.training_step(batch, 0).detach()
    once = nn.functional.cross_entropy(
        module.net(batch["image"] / 255),
        batch["mask"].long(),
        ignore_index=IGNORE_INDEX,  # type: ignore[union-attr]
    ).detach()
    assert float(loss) == pytest.approx(4 * float(once), rel=1e-5)
    assert logged.keys() == {"train/loss", "train/stage1", "train/stage2"}
    assert float(logged["train/stage2"].detach()) == pytest.approx(3 * float(once), rel=1e-5)


class SetLoss(OneByOne):
    """A network whose loss never asks the pixel loss."""

    def training_loss(self, image: torch.Tensor, target: torch.Tensor, pixel_loss: Any) -> dict[str, torch.Tensor]:  # noqa: ARG002
        return {"set": self(image).mean()}


class HalfSetLoss(SetLoss):
    """One part of the pixel loss, and one of its own."""

    def training_loss(self, image: torch.Tensor, target: torch.Tensor, pixel_loss: Any) -> dict[str, torch.Tensor]:
        return {"pixel": pixel_loss(self(image), target), **super().training_loss(image, target, pixel_loss)}


class SmallTarget(OneByOne):
    """A network that compares with a smaller target."""

    def training_loss(self, image: torch.Tensor, target: torch.Tensor, pixel_loss: Any) -> dict[str, torch.Tensor]:
        return {"small": pixel_loss(self(image)[..., ::2, ::2], target[..., ::2, ::2])}


def mixed_batch(lam: float, *, ignored: bool = False) -> Batch:
    batch, other = train_batch(), train_batch()
    masks = [torch.as_tensor(one["mask"]) for one in (batch, other)]  # type: ignore[arg-type]
    if not ignored:
        masks = [mask.clamp(max=K - 1) for mask in masks]
    return {**batch, "mask": masks[0], "mask_b": masks[1], "lam": lam}


def no_log(module: SegmentationModule, monkeypatch: pytest.MonkeyPatch) -> SegmentationModule:
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    monkeypatch.setattr(module, "log_dict", lambda *_, **__: None)
    return module


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.85, 1.0])
@pytest.mark.parametrize(("net", "times"), [(OneByOne, 1), (OwnLoss, 4)])
def test_mixup_equals_cross_entropy_with_soft_labels(
    monkeypatch: pytest.MonkeyPatch, lam: float, net: type[OneByOne], times: int
) -> None:
    module, batch = no_log(make(net()), monkeypatch), mixed_batch(lam)
    loss = module.training_step(batch, 0)
    hard = [nn.functional.one_hot(batch[key].long(), K).movedim(-1, 1) for key in ("mask", "mask_b")]  # type: ignore[literal-required]
    soft = lam * hard[0] + (1 - lam) * hard[1]
    expected = nn.functional.cross_entropy(module.net(batch["image"] / 255), soft)
    assert float(loss.detach()) == pytest.approx(times * float(expected.detach()), rel=1e-5)
    gradients = torch.autograd.grad(loss, list(module.net.parameters()))
    for one, other in zip(gradients, torch.autograd.grad(times * expected, list(module.net.parameters())), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_mixup_leaves_ignored_pixels_to_the_other_target(monkeypatch: pytest.MonkeyPatch) -> None:
    module, batch = no_log(make(), monkeypatch), mixed_batch(0.3, ignored=True)
    logits = module.net(batch["image"] / 255)
    parts = [
        nn.functional.cross_entropy(logits, torch.as_tensor(batch[key]).long(), ignore_index=IGNORE_INDEX)  # type: ignore[literal-required]
        for key in ("mask", "mask_b")
    ]
    expected = float((0.3 * parts[0] + 0.7 * parts[1]).detach())
    assert float(module.training_step(batch, 0).detach()) == pytest.approx(expected, rel=1e-5)
    batch["mask_b"] = torch.full_like(batch["mask_b"], IGNORE_INDEX)
    only = float(module.training_step(batch, 0).detach())
    assert only == pytest.approx(0.3 * float(parts[0].detach()), rel=1e-5)


@pytest.mark.parametrize("net", [SetLoss, HalfSetLoss, SmallTarget])
def test_mixup_is_refused_where_the_second_target_would_be_lost(
    monkeypatch: pytest.MonkeyPatch, net: type[OneByOne]
) -> None:
    module = no_log(make(net()), monkeypatch)
    with pytest.raises(ConfigError, match=r"mix\.mixup=null"):
        module.training_step(mixed_batch(0.5), 0)
    assert module.training_step(train_batch(), 0).isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_loss_is_finite_in_16_bits(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    """fp16 ends at 65504: a sum over 300 x 300 pixels would overflow."""
    module, batch = make(), train_batch(300)
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    exact = float(module.training_step(batch, 0).detach())
    with torch.autocast("cpu", dtype):
        loss = module.training_step(batch, 0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(exact, rel=0.02)
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in module.parameters())
