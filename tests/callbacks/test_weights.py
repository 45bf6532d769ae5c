"""The averaged weights against a plain loop, and where they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trashseg.callbacks.carry_config import CarryConfig
from trashseg.callbacks.checkpoint_io import AtomicCheckpointIO
from trashseg.callbacks.ema import EMA
from trashseg.callbacks.epoch_seed import EpochSeed
from trashseg.quiet import quiet


class Small(pl.LightningModule):
    """A network with batch norm, so that there are statistics and a counter to average."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
        self.history: list[dict[str, torch.Tensor]] = []
        self.validated: list[dict[str, torch.Tensor]] = []

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return self.net(batch[0]).square().mean() + 0 * batch_idx

    def validation_step(self, *_: Any) -> None:
        self.validated.append(snapshot(self.net))

    def on_train_batch_end(self, *_: Any) -> None:
        self.history.append(snapshot(self.net))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.05)


def snapshot(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def fit(folder: Path, *callbacks: pl.Callback, epochs: int = 3, **options: Any) -> tuple[Small, pl.Trainer]:
    quiet()
    torch.manual_seed(0)
    module = Small()
    data: DataLoader[Any] = DataLoader(TensorDataset(torch.randn(20, 3)), batch_size=4)
    last = pl.callbacks.ModelCheckpoint(folder, "last", save_on_train_epoch_end=True, enable_version_counter=False)
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, max_epochs=epochs,
        callbacks=[*callbacks, last], plugins=[AtomicCheckpointIO()], num_sanity_val_steps=0, **options,
    )  # fmt: skip
    trainer.fit(module, data, data)
    return module, trainer


@pytest.mark.parametrize("decay", [0.3, 0.9])
def test_the_average_equals_a_plain_loop(tmp_path: Path, decay: float) -> None:
    ema = EMA(decay=decay)
    module, _ = fit(tmp_path, ema)
    expected: dict[str, torch.Tensor] = {}
    for n, weights in enumerate(module.history):
        d = 0.0 if n == 0 else min(decay, (1 + n) / (10 + n))
        for name, value in weights.items():
            mixed = d * expected[name].double() + (1 - d) * value.double() if n else value.double()
            expected[name] = mixed if value.is_floating_point() else value
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    for name, value in expected.items():
        torch.testing.assert_close(content["state_dict"][f"net.{name}"].to(value.dtype), value, rtol=1e-5, atol=1e-6)
    raw = {name.removeprefix("net."): value for name, value in content["current_model_state"].items()}
    assert all(torch.equal(raw[name], value) for name, value in module.history[-1].items())


def test_validation_sees_the_average_and_training_goes_on_with_the_raw_weights(tmp_path: Path) -> None:
    module, _ = fit(tmp_path, EMA(decay=0.9))
    plain, _ = fit(tmp_path)
    assert all(torch.equal(a[name], b[name]) for a, b in zip(module.history, plain.history, strict=True) for name in a)
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert "averaging_state" not in content
    assert not torch.equal(module.validated[-1]["0.weight"], module.history[-1]["0.weight"])


def test_accumulated_gradients_count_as_one_step(tmp_path: Path) -> None:
    ema = EMA()
    _, trainer = fit(tmp_path, ema, accumulate_grad_batches=2)
    assert ema._average_model is not None
    assert int(ema._average_model.n_averaged) == trainer.global_step == 9


def test_an_epochs_dropout_does_not_depend_on_what_ran_before(tmp_path: Path) -> None:
    class Noise(pl.Callback):
        """Draw from the global stream, as another epoch more or less would."""

        def on_train_epoch_end(self, *_: Any) -> None:
            torch.rand(7)

    seeded = [fit(tmp_path, EpochSeed(3), *extra)[0].history[-1] for extra in ([], [Noise()])]
    assert torch.equal(seeded[0]["0.weight"], seeded[1]["0.weight"])
    free = [fit(tmp_path, *extra)[0].history[-1] for extra in ([], [Noise()])]
    assert not torch.equal(free[0]["0.weight"], free[1]["0.weight"])
    other = fit(tmp_path, EpochSeed(4))[0].history[-1]
    assert not torch.equal(seeded[0]["0.weight"], other["0.weight"])


def test_a_checkpoint_carries_config_and_classes_without_code(tmp_path: Path) -> None:
    config = {"model": {"_target_": "trashseg.models.smp.SMPNet", "options": {"a": [1, None, 0.5, True]}}}
    classes = {"Background": {"id": 0, "ko": "배경", "color": [0, 0, 0]}}
    fit(tmp_path, CarryConfig(config, classes), epochs=1)
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert content["config"] == config
    assert content["classes"] == classes
    assert not list(tmp_path.glob(".*"))
