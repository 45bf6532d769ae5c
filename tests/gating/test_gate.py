"""The gate on planted photographs, and its decision as an option of the group post."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from trashseg.build import build_candidates, build_post
from trashseg.config import conf_dir
from trashseg.gating import Decision, Photograph, decide, decision_text, to_config, write_chosen
from trashseg.gating.choice import halves
from trashseg.maps import most_probable
from trashseg.post import DenseCRF, ModeFilter, Post, RemoveSpecks

from .planted import NAMES, Painted, photograph, planted


def miou(photographs: list[Photograph], post: Post) -> float:
    """Return the mIoU by plain counting."""
    truth = np.stack([each.target for each in photographs])
    pred = np.stack([post(each.image, each.probs, each.agree) for each in photographs])
    known = truth != 255
    pairs = [((truth == k) & known, (pred == k) & known) for k in range(len(NAMES))]
    return float(np.mean([(t & p).sum() / (t | p).sum() for t, p in pairs]))


@pytest.fixture(scope="module")
def photographs() -> list[Photograph]:
    return planted()


@pytest.fixture(scope="module")
def decision(photographs: list[Photograph]) -> Decision:
    candidates = {"mixed": {"only": Painted()}, "noise": {"only": Painted(channel=1)}}
    return decide(lambda: photographs, candidates, NAMES, num_draws=300)


def test_a_step_is_switched_on_for_the_class_that_it_helps(decision: Decision) -> None:
    mixed, _ = decision.judgements
    assert mixed.helps
    assert mixed.gain.low > 0
    assert decision.steps == {"mixed": Painted(classes=["Paper"])}


def test_a_useless_step_stays_off(decision: Decision) -> None:
    _, noise = decision.judgements
    assert not noise.helps
    assert not noise.gain.low > 0


def test_the_gain_is_that_of_applying_it(decision: Decision, photographs: list[Photograph]) -> None:
    before, after = miou(photographs, Post({}, NAMES)), miou(photographs, Post(decision.steps, NAMES))
    assert decision.miou == pytest.approx(before)
    assert decision.together is not None
    assert decision.together.value == pytest.approx(after - before)
    unrestricted = miou(photographs, Post({"mixed": Painted()}, NAMES))
    assert after > max(before, unrestricted)


def test_two_that_help_follow_one_another(photographs: list[Photograph]) -> None:
    candidates = {"mixed": {"only": Painted()}, "again": {"plain": Painted(), "noise": Painted(channel=1)}}
    passes = []

    def stream() -> list[Photograph]:
        passes.append(1)
        return photographs

    decision = decide(stream, candidates, NAMES, num_draws=300)
    assert list(decision.steps) == ["mixed", "again"]
    assert decision.judgements[1].setting == "plain"
    assert len(passes) == 2


def test_agreement_keeps_a_step_from_helping(photographs: list[Photograph]) -> None:
    agreed = [each._replace(agree=np.ones(each.target.shape, bool)) for each in photographs]
    decision = decide(lambda: agreed, {"mixed": {"only": Painted()}}, NAMES, num_draws=300)
    assert decision.steps == {}
    assert decision.together is None
    assert "off" in decision_text(decision)


def test_a_gain_in_one_half_alone_is_not_believed() -> None:
    half = halves(np.arange(20), 0)
    target = np.repeat(np.arange(4, dtype=np.uint8), 48).reshape(12, 16)
    lost = np.where(target == 3, 0, target).astype(np.uint8)
    photographs = [photograph(i, target, lost, target if half[i] else lost) for i in range(20)]
    decision = decide(lambda: photographs, {"lucky": {"only": Painted()}}, NAMES, num_draws=300)
    assert decision.steps == {}


def test_chosen_steps_are_an_option(tmp_path: Path, decision: Decision, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: dict[str, Any] = {"crf": DenseCRF(side=None, classes=["Paper", "Metal"]), "mode": ModeFilter(size=3)}
    write_chosen(tmp_path, Decision(0.5, decision.judgements, steps, None))
    monkeypatch.chdir(tmp_path)
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        overrides = ["source=x", "ckpt_path=y", "run_dir=z", "post=chosen", f"hydra.searchpath=[file://{tmp_path}]"]
        cfg = compose("predict", overrides, return_hydra_config=True)
    assert not GlobalHydra.instance().is_initialized()
    built = build_post(cfg.post, NAMES)
    image, probs = np.zeros((8, 8, 3), np.uint8), planted()[0].probs[:, :8, :8]
    np.testing.assert_array_equal(built(image, probs), Post(steps, NAMES)(image, probs))
    assert to_config(steps)["mode"] == {"_target_": "trashseg.post.smooth.ModeFilter", "size": 3, "classes": None}


def test_the_candidates_that_come_with_it(composed: Any) -> None:
    from omegaconf import OmegaConf

    candidates = build_candidates(OmegaConf.load(conf_dir() / "candidates" / "default.yaml"))
    assert list(candidates) == ["crf", "specks", "holes", "mode"]
    assert isinstance(candidates["specks"]["tiny"], RemoveSpecks)
    crf = candidates["crf"]["strong"]
    assert isinstance(crf, DenseCRF)
    assert (crf.alike_weight, crf.color_sigma) == (10.0, 10.0)
    post = build_post(composed("predict", "source=x", "ckpt_path=y", "run_dir=z", "post=all").post, NAMES)
    each = planted()[0]
    assert post(each.image, each.probs).shape == most_probable(each.probs).shape
