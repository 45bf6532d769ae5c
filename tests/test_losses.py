"""Losses against independent implementations, and the contract that every file of conf/loss keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import OmegaConf

from trashseg import losses
from trashseg.types import IGNORE_INDEX, ConfigError

CONFIGS = sorted((Path(__file__).parents[1] / "conf" / "loss").glob("*.yaml"))
K = 11
SHARES = {  # per cent of the pixels of the competition's training data
    "Background": 69, "General trash": 2.3, "Paper": 9.2, "Paper pack": 0.7, "Metal": 0.9, "Glass": 0.8,
    "Plastic": 2.9, "Styrofoam": 1.5, "Plastic bag": 11.8, "Battery": 0.04, "Clothing": 0.5,
}  # fmt: skip


def build(path: Path) -> torch.nn.Module:
    return instantiate(OmegaConf.load(path), _convert_="all")


def batch(seed, shape=(2, K, 9, 7), dtype=torch.float32, ignored=0.2):
    rng = torch.Generator().manual_seed(seed)
    n, k, h, w = shape
    logits = (2 * torch.randn(shape, generator=rng)).to(dtype)
    target = torch.randint(k, (n, h, w), generator=rng)
    target[torch.rand((n, h, w), generator=rng) < ignored] = IGNORE_INDEX
    return logits, target


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def loss(request):
    return build(request.param)


def test_configs_cover_the_fixed_names():
    assert {path.stem for path in CONFIGS} >= {
        "ce", "weighted_ce", "focal", "dice", "jaccard", "lovasz", "tversky", "ce_dice", "focal_dice", "ce_lovasz",
    }  # fmt: skip


class TestContract:
    def test_scalar_that_improves_with_the_prediction(self, loss):
        logits, target = batch(0)
        right = F.one_hot(target.clamp(max=K - 1), K).permute(0, 3, 1, 2).float() * 30
        value = loss(logits, target)
        assert value.shape == ()
        assert value.dtype == torch.float32
        assert value.item() > 0
        assert loss(right, target).item() < 0.01 * value.item()

    def test_ignored_pixels_have_exactly_no_gradient_and_no_say(self, loss):
        logits, target = batch(1)
        ignored = target == IGNORE_INDEX
        logits.requires_grad_()
        value = loss(logits, target)
        value.backward()
        moved = torch.where(ignored[:, None], logits.detach() + 5 * torch.randn_like(logits), logits.detach())
        grad = logits.grad.permute(0, 2, 3, 1)
        assert (grad[ignored] == 0).all()
        assert (grad[~ignored] != 0).any()
        torch.testing.assert_close(loss(moved, target), value.detach(), rtol=1e-6, atol=1e-7)

    def test_all_ignored_is_zero_with_a_graph(self, loss):
        logits = torch.randn(2, K, 4, 4, requires_grad=True)
        value = loss(logits, torch.full((2, 4, 4), IGNORE_INDEX))
        value.backward()
        assert value.item() == 0
        assert torch.equal(logits.grad, torch.zeros_like(logits))

    def test_uint8_target_gives_the_same(self, loss):
        logits, target = batch(2)
        assert loss(logits, target.to(torch.uint8)).equal(loss(logits, target))

    def test_float32_inside_autocast(self, loss):
        logits, target = batch(3)
        half = logits.to(torch.bfloat16)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss(half, target)
        assert value.dtype == torch.float32
        assert value.equal(loss(half.float(), target))

    def test_gradient_is_the_slope(self, loss):
        logits, target = batch(4, (1, K, 3, 4), torch.float64)
        # The Lovász extension is linear between ties, so finite differences hold for it as well.
        assert torch.autograd.gradcheck(lambda x: loss(x, target), logits.requires_grad_(), eps=1e-7, atol=1e-5)

    def test_extreme_logits_stay_finite(self, loss):
        logits, target = batch(5)
        logits = (logits * 1e4).requires_grad_()
        loss(logits, target).backward()
        assert logits.grad.isfinite().all()


class TestAgainstReferences:
    @pytest.mark.parametrize("smoothing", [0.0, 0.1])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_cross_entropy_is_torchs(self, smoothing, weighted):
        logits, target = batch(6)
        weight = torch.rand(K).tolist() if weighted else None
        expected = F.cross_entropy(
            logits, target, torch.tensor(weight) if weight else None, ignore_index=255, label_smoothing=smoothing
        )
        torch.testing.assert_close(losses.CrossEntropy(weight, smoothing)(logits, target), expected)

    @pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
    def test_focal_by_hand(self, gamma):
        logits, target = batch(7, dtype=torch.float64)
        alpha = np.random.default_rng(7).uniform(0.1, 2, K)
        x, t = logits.numpy(), target.numpy()
        p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
        values = [
            alpha[c] * (1 - p[n, c, i, j]) ** gamma * -np.log(p[n, c, i, j])
            for (n, i, j), c in np.ndenumerate(t)
            if c != 255
        ]
        result = losses.Focal(gamma, alpha.tolist())(logits, target)
        # alpha is kept in float32
        assert result.item() == pytest.approx(np.mean(values), rel=1e-6)

    def test_focal_without_gamma_is_cross_entropy(self):
        logits, target = batch(8)
        torch.testing.assert_close(losses.Focal(0)(logits, target), losses.CrossEntropy()(logits, target))

    @pytest.mark.parametrize("smooth", [0.0, 1.5])
    def test_overlap_losses_are_smps(self, smooth):
        logits, target = batch(9)
        target[target == 3] = 4  # an absent class: SMP counts it as 0 among K, ours leaves it out
        share = K / (K - 1)
        options = {"mode": "multiclass", "ignore_index": 255, "smooth": smooth}
        pairs = [
            (losses.Dice(smooth), smp.losses.DiceLoss(**options)),
            (losses.Tversky(0.3, 0.7, smooth=smooth), smp.losses.TverskyLoss(alpha=0.3, beta=0.7, **options)),
        ]
        for ours, theirs in pairs:
            torch.testing.assert_close(ours(logits, target), theirs(logits, target) * share)
        target[target == IGNORE_INDEX] = 0  # SMP's Jaccard knows no ignored pixels
        jaccard = smp.losses.JaccardLoss("multiclass", smooth=smooth)(logits, target)
        torch.testing.assert_close(losses.Jaccard(smooth)(logits, target), jaccard * share)

    def test_tversky_by_hand_with_gamma(self):
        logits, target = batch(10, dtype=torch.float64)
        x, t = logits.numpy(), target.numpy()
        p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
        values = []
        for c in range(K):
            truth, counted = t == c, t != 255
            tp, fp, fn = p[:, c][truth].sum(), p[:, c][counted & ~truth].sum(), (1 - p[:, c])[truth].sum()
            values.append((1 - (tp + 2) / (tp + 0.2 * fp + 0.9 * fn + 2)) ** 0.75)
        result = losses.Tversky(0.2, 0.9, gamma=0.75, smooth=2)(logits, target)
        assert result.item() == pytest.approx(np.mean(values), rel=1e-9)

    def test_lovasz_is_smps_in_value_and_gradient(self):
        logits, target = batch(11, (2, K, 16, 16))
        target[target == 5] = 6
        mine, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        value = losses.Lovasz()(mine, target)
        expected = smp.losses.LovaszLoss("multiclass", ignore_index=255)(theirs, target)
        value.backward()
        expected.backward()
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-3, atol=1e-6)

    def test_lovasz_of_hard_predictions_is_the_jaccard_loss(self):
        rng = torch.Generator().manual_seed(12)
        pred, target = (torch.randint(4, (1, 8, 8), generator=rng) for _ in range(2))
        logits = F.one_hot(pred, 4).permute(0, 3, 1, 2).float() * 1000
        ious = [((pred == c) & (target == c)).sum() / ((pred == c) | (target == c)).sum() for c in range(4)]
        assert losses.Lovasz()(logits, target).item() == pytest.approx(1 - np.mean(ious), abs=1e-6)

    def test_weighted_sum(self):
        logits, target = batch(13)
        terms = {
            "a": {"weight": 0.7, "loss": losses.CrossEntropy()},
            "b": {"weight": 2.0, "loss": losses.Dice()},
            "off": {"weight": 0.0, "loss": losses.Lovasz()},
        }
        expected = 0.7 * losses.CrossEntropy()(logits, target) + 2 * losses.Dice()(logits, target)
        combined = losses.WeightedSum(terms)
        torch.testing.assert_close(combined(logits, target), expected)
        assert set(combined.losses) == {"a", "b"}


def test_large_batches_keep_their_digits():
    logits, target = batch(14, (4, 3, 512, 512), ignored=0.1)
    for loss in (losses.CrossEntropy(), losses.Focal(), losses.Dice(), losses.Lovasz()):
        exact = loss(logits.double(), target).item()
        assert loss(logits, target).item() == pytest.approx(exact, rel=1e-5)


def test_weights_of_the_config_follow_their_formula():
    loss = build(next(path for path in CONFIGS if path.stem == "weighted_ce"))
    raised = np.array(list(SHARES.values())) ** -0.5
    assert loss.class_names == tuple(SHARES)
    np.testing.assert_allclose(loss.weight.numpy(), raised / raised.mean(), atol=6e-4)
    assert loss.weight.mean().item() == pytest.approx(1, abs=1e-3)
    assert not loss.state_dict()


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: losses.CrossEntropy([1.0, -1.0]), "loss.weight"),
        (lambda: losses.CrossEntropy([0.0, 0.0]), "loss.weight"),
        (lambda: losses.CrossEntropy(label_smoothing=1.5), "from 0 to 1"),
        (lambda: losses.Focal(gamma=-1), "loss.gamma"),
        (lambda: losses.Focal(alpha={"a": float("nan")}), "loss.alpha"),
        (lambda: losses.Tversky(alpha=-0.1), "loss.alpha"),
        (lambda: losses.Dice(smooth=float("inf")), "loss.smooth"),
        (lambda: losses.WeightedSum({}), "loss.terms"),
        (lambda: losses.WeightedSum({"ce": {"weight": -1, "loss": losses.Lovasz()}}), "loss.terms.ce.weight"),
        (lambda: losses.CrossEntropy([1.0] * 3)(*batch(0)), "3 weights"),
        (lambda: losses.Focal(alpha=[1.0] * 3)(*batch(0)), "3 weights"),
    ],
)
def test_wrong_settings_say_so(make, word):
    with pytest.raises(ConfigError, match=word) as caught:
        make()
    assert "\n" not in str(caught.value)
