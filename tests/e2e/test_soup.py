"""The mean of weights: what it holds, what it is fed, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from trashseg.checkpoint import load_trained
from trashseg.ensembling.soup import _greedy, mean_state, refresh_batch_norm

Verb = Callable[..., None]
OPTIONS = ["trainer=cpu", "data.num_workers=0", "test=false"]


@pytest.fixture(scope="module")
def other(verb: Verb, tiny: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soup") / "train" / "other"
    verb("train", *tiny, "trainer.max_epochs=1", "seed=11", f"hydra.run.dir={folder}")
    return folder


def test_the_mean_of_states() -> None:
    states = [
        {"w": torch.tensor([1.0, 5.0]), "n": torch.tensor(3)},
        {"w": torch.tensor([3.0, 6.0]), "n": torch.tensor(9)},
    ]
    found = mean_state(states)
    assert found["w"].tolist() == [2.0, 5.5]
    assert found["n"] == 3


def test_batch_norm_is_measured_on_all_batches() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).eval()
    images = [torch.rand(4, 3, 5, 5) for _ in range(3)]
    refresh_batch_norm(net, images)
    seen = torch.stack([net[0](image).transpose(0, 1).flatten(1) for image in images])
    torch.testing.assert_close(net[1].running_mean, seen.mean(-1).mean(0))
    torch.testing.assert_close(net[1].running_var, seen.var(-1).mean(0))
    assert net[1].momentum == 0.1
    assert not net.training


def test_uniform_soup_is_the_mean_of_both(verb: Verb, trained: Path, other: Path, tmp_path: Path) -> None:
    paths = [run / "checkpoints" / "last.ckpt" for run in (trained, other)]
    verb("ensemble", f"members=[{paths[0]},{paths[1]}]", "soup=uniform", *OPTIONS, f"hydra.run.dir={tmp_path}")
    soup, *parts = (
        dict(load_trained(p).net.named_parameters()) for p in (tmp_path / "checkpoints" / "soup.ckpt", *paths)
    )
    for name, value in soup.items():
        torch.testing.assert_close(value, (parts[0][name] + parts[1][name]) / 2, msg=name)
    verb(
        "evaluate",
        f"ckpt_path={tmp_path / 'checkpoints' / 'soup.ckpt'}",
        *OPTIONS[:2],
        f"hydra.run.dir={tmp_path / 'e'}",
    )


class FakeKitchen:
    """Scores a mean of numbers by how near it comes to 5."""

    def miou(self, states: list[dict[str, torch.Tensor]]) -> float:
        return -abs(float(mean_state(states)["w"]) - 5)


def test_greedy_soup_keeps_what_does_not_harm() -> None:
    states = [{"w": torch.tensor(value)} for value in (9.0, 4.0, 20.0, 5.5, 4.5)]
    # 5.5 is the nearest alone, with 4.5 it is 5.0; every other makes it worse.
    assert sorted(_greedy(FakeKitchen(), states)) == [3, 4]  # type: ignore[arg-type]


def test_greedy_soup_is_a_checkpoint(verb: Verb, trained: Path, other: Path, tmp_path: Path) -> None:
    paths = [run / "checkpoints" / "last.ckpt" for run in (trained, other)]
    verb("ensemble", f"members=[{paths[0]},{paths[1]}]", "soup=greedy", *OPTIONS, f"hydra.run.dir={tmp_path}")
    assert load_trained(tmp_path / "checkpoints" / "soup.ckpt").table.names[0] == "Background"


def test_what_is_refused(refused: Callable[..., str], trained: Path, tiny: list[str], tmp_path: Path) -> None:
    del tiny
    (tmp_path / "a.csv").write_text("image_id,PredictionString\n")
    message = refused("ensemble", f"members=[{tmp_path / 'a.csv'}]", "soup=uniform", f"hydra.run.dir={tmp_path / 'r'}")
    assert "made of checkpoints" in message
    message = refused(
        "ensemble",
        f"members=[{trained / 'checkpoints' / 'last.ckpt'}]",
        "soup=thick",
        f"hydra.run.dir={tmp_path / 'r'}",
    )
    assert "soup=thick" in message
