"""Calibration error against torchmetrics, the temperature against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torchmetrics.classification import MulticlassCalibrationError

from trashseg.scores import NUM_BINS, Calibration, PixelSample, apply_temperature, fit_temperature

NUM_CLASSES = 5


def photograph(seed: int, shape: tuple[int, int] = (31, 47), sharpness: float = 3.0) -> tuple[torch.Tensor, np.ndarray]:
    """Return probabilities (K, H, W), too sure of themselves, and the truth, part of it ignored."""
    rng = torch.Generator().manual_seed(seed)
    logits = 1.5 * torch.randn(NUM_CLASSES, *shape, generator=rng)
    target = torch.distributions.Categorical(logits=logits.permute(1, 2, 0))
    torch.manual_seed(seed)
    truth = target.sample().to(torch.uint8)
    truth[torch.rand(shape, generator=rng) < 0.1] = 255
    return (sharpness * logits).softmax(0), truth.numpy()


def counted(photographs: list[tuple[torch.Tensor, np.ndarray]]) -> Calibration:
    calibration = Calibration(NUM_CLASSES)
    for probs, truth in photographs:
        confidence, ids = probs.max(0)
        calibration.update(ids.numpy().astype(np.uint8), truth, confidence.numpy())
    return calibration


class TestCalibration:
    @pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
    def test_error_is_torchmetrics(self, sharpness: float) -> None:
        photographs = [photograph(seed, sharpness=sharpness) for seed in range(3)]
        reference = MulticlassCalibrationError(NUM_CLASSES, n_bins=NUM_BINS, norm="l1", ignore_index=255)
        for probs, truth in photographs:
            reference.update(probs[None], torch.from_numpy(truth)[None].long())
        assert counted(photographs).ece() == pytest.approx(float(reference.compute()), abs=2e-6)

    def test_class_error_is_that_of_the_pixels_predicted_as_it(self) -> None:
        probs, truth = photograph(4)
        errors = counted([(probs, truth)]).class_ece()
        pred = probs.argmax(0).numpy()
        for k in range(NUM_CLASSES):
            alone = np.where(pred == k, truth, 255).astype(np.uint8)
            assert errors[k] == pytest.approx(counted([(probs, alone)]).ece(), abs=1e-9)

    def test_surplus_tells_the_direction(self) -> None:
        assert counted([photograph(5, sharpness=3.0)]).surplus() > 0.05
        assert counted([photograph(5, sharpness=0.4)]).surplus() < -0.05
        assert abs(counted([photograph(5, shape=(200, 200), sharpness=1.0)]).surplus()) < 0.01

    def test_full_confidence_falls_into_the_last_bin(self) -> None:
        calibration = Calibration(2)
        calibration.update(np.array([1, 1], np.uint8), np.array([1, 0], np.uint8), np.array([1, 1], np.float32))
        assert calibration.counts[1, -1] == 2
        assert calibration.ece() == 0.5

    def test_nothing_counted(self) -> None:
        calibration = Calibration(3)
        calibration.update(np.zeros(4, np.uint8), np.full(4, 255, np.uint8), np.ones(4, np.float32))
        assert np.isnan(calibration.ece())
        assert np.isnan(calibration.surplus())
        assert np.isnan(calibration.class_ece()).all()


class TestTemperature:
    @pytest.mark.parametrize("sharpness", [0.2, 0.7, 1.0, 4.0, 15.0])
    def test_is_that_of_a_general_minimiser(self, sharpness: float) -> None:
        rng = torch.Generator().manual_seed(round(10 * sharpness))
        logits = torch.randn(4000, NUM_CLASSES, generator=rng).double()
        truth = torch.multinomial(logits.softmax(1), 1, generator=rng)[:, 0]
        log_probs = (sharpness * logits).log_softmax(1)

        def loss(log_t: float) -> float:
            scaled = (log_probs / np.exp(log_t)).log_softmax(1)
            return -float(scaled[torch.arange(4000), truth].mean())

        best = np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9}).x)
        assert fit_temperature(log_probs, truth) == pytest.approx(best, rel=1e-4)
        assert best == pytest.approx(sharpness, rel=0.2)

    def test_logits_serve_as_well_as_log_probabilities(self) -> None:
        logits = 3 * torch.randn(500, NUM_CLASSES, generator=torch.Generator().manual_seed(0)).double()
        truth = torch.arange(500) % NUM_CLASSES
        assert fit_temperature(logits, truth) == pytest.approx(fit_temperature(logits.log_softmax(1), truth), rel=1e-6)

    @pytest.mark.parametrize("right", [True, False])
    def test_ends_where_no_temperature_is_best(self, right: bool) -> None:
        log_probs = torch.tensor([[0.9, 0.1]] * 20).log()
        temperature = fit_temperature(log_probs, torch.full((20,), 0 if right else 1))
        assert 0.02 <= temperature < 0.1 if right else temperature == pytest.approx(50.0, rel=1e-3)

    def test_no_pixels(self) -> None:
        assert np.isnan(fit_temperature(torch.zeros(0, 3), torch.zeros(0, dtype=torch.uint8)))


class TestPixelSample:
    def test_holds_the_photographs_own_pixels(self) -> None:
        sample = PixelSample(per_image=200, seed=1)
        photographs = [photograph(seed) for seed in (6, 7)]
        for probs, truth in photographs:
            sample.add(probs, truth)
        log_probs, target = sample.log_probs(), sample.target()
        assert len(log_probs) == len(target) <= 400
        assert len(target) > 300
        assert 255 not in target
        known = {
            (*column.tolist(), int(label))
            for probs, truth in photographs
            for column, label in zip(probs.flatten(1).log().T, truth.ravel(), strict=True)
        }
        assert {(*row.tolist(), int(label)) for row, label in zip(log_probs, target, strict=True)} <= known

    def test_seed_decides(self) -> None:
        probs, truth = photograph(8)
        drawn = []
        for seed in (1, 1, 2):
            sample = PixelSample(per_image=50, seed=seed)
            sample.add(probs, truth)
            drawn.append(sample.log_probs())
        assert torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[2][: len(drawn[0])])

    def test_impossible_probabilities_stay_finite(self) -> None:
        sample = PixelSample(per_image=9)
        sample.add(torch.tensor([1.0, 0.0])[:, None, None].expand(2, 4, 4), np.ones((4, 4), np.uint8))
        assert sample.log_probs().isfinite().all()

    def test_the_fitted_temperature_mends_the_calibration(self) -> None:
        sample = PixelSample(per_image=20000, seed=0)
        sample.add(*photograph(9, shape=(150, 150)))
        temperature = fit_temperature(sample.log_probs(), sample.target())
        before, after = Calibration(NUM_CLASSES), Calibration(NUM_CLASSES)
        for calibration, value in ((before, 1.0), (after, temperature)):
            confidence, ids = apply_temperature(sample.log_probs(), value).max(1)
            calibration.update(ids.numpy().astype(np.uint8), sample.target().numpy(), confidence.numpy())
        assert temperature == pytest.approx(3.0, rel=0.05)
        assert after.ece() < 0.15 * before.ece()
