"""Learning-rate curves against torch's own schedulers and closed forms."""

from __future__ import annotations

import math
import pickle

import pytest
import torch
from torch.optim import lr_scheduler

from trashseg.optim.schedules import Constant, Cosine, CosineRestarts, Cyclic, OneCycle, Plateau, Poly, Step
from trashseg.types import ConfigError

TOTAL = 40
LRS = (1.0, 0.2)


def optimizer(cls=torch.optim.SGD):
    return cls([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in LRS], lr=0.1)


def rates(scheduler, steps):
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in scheduler.optimizer.param_groups])
        scheduler.optimizer.step()
        scheduler.step()
    return found


def ours(schedule, total=TOTAL, steps=None):
    config = schedule.build(optimizer(), total)
    assert config["interval"] == "step"
    return rates(config["scheduler"], total if steps is None else steps)


def close(found, expected):
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("schedule", "reference"),
    [
        (Poly(power=0.7), lambda o: lr_scheduler.PolynomialLR(o, TOTAL, power=0.7)),
        (Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, TOTAL)),
        (CosineRestarts(first_cycle=7, mult=2), lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7, 2)),
        (CosineRestarts(first_cycle=0.25), lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 10)),
        (Step(milestones=(0.25, 30), gamma=0.3), lambda o: lr_scheduler.MultiStepLR(o, [10, 30], 0.3)),
        (Constant(), lambda o: lr_scheduler.ConstantLR(o, 1.0)),
        (
            Cyclic(half_cycle=0.125, min_factor=0.1, max_factor=2.0),
            lambda o: lr_scheduler.CyclicLR(o, [0.1, 0.02], [2.0, 0.4], step_size_up=5, cycle_momentum=False),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_curves_are_torchs(schedule, reference):
    close(ours(schedule), rates(reference(optimizer()), TOTAL))


@pytest.mark.parametrize("schedule", [Poly, Cosine])
def test_floor_and_end(schedule):
    found = ours(schedule(min_factor=0.25, warmup=0.1), steps=TOTAL + 5)
    assert found[TOTAL] == pytest.approx([0.25 * lr for lr in LRS])
    assert found[-1] == found[TOTAL]  # a step or two too many do no harm
    middle = (1 - (22 - 4) / 36) ** 0.9 if schedule is Poly else 0.5 * (1 + math.cos(math.pi * 18 / 36))
    assert found[22] == pytest.approx([lr * (0.25 + 0.75 * middle) for lr in LRS])


@pytest.mark.parametrize("warmup", [0.2, 8])
@pytest.mark.parametrize("schedule", [Poly, Cosine, Constant, CosineRestarts, Cyclic, Step])
def test_warm_up_is_linear_and_the_curve_follows_it(schedule, warmup):
    found = ours(schedule(warmup=warmup))
    close(found[:8], [[lr * (i + 1) / 9 for lr in LRS] for i in range(8)])
    if schedule is not Step:  # whose milestones count from the start of the training
        close(found[8:], ours(schedule(), TOTAL - 8))


def test_milestones_count_from_the_start():
    found = ours(Step(milestones=(0.5,), gamma=0.1, warmup=8))
    assert found[19] == pytest.approx(LRS)
    assert found[20] == pytest.approx([0.1 * lr for lr in LRS])


@pytest.mark.parametrize("schedule", [Poly, Cosine, CosineRestarts, Cyclic, Step, OneCycle, Constant])
@pytest.mark.parametrize("total", [1, 2, 3, 10])
def test_tiny_trainings_have_a_curve(schedule, total):
    assert all(math.isfinite(lr) and lr >= 0 for row in ours(schedule(), total) for lr in row)
    if schedule not in (OneCycle, Step):  # one has no warm-up, the other's milestones do not wait for it
        found = ours(schedule(warmup=1000), total)
        close(found, [[lr * (i + 1) / 1001 for lr in LRS] for i in range(total)])


@pytest.mark.parametrize("pct_start", [0.0, 0.025, 0.3])
def test_one_cycle_by_hand(pct_start):
    found = ours(OneCycle(pct_start=pct_start, div_factor=10, final_div_factor=100))
    top = pct_start * TOTAL - 1

    def blend(a, b, share):
        return a + (b - a) * (1 - math.cos(math.pi * share)) / 2

    for step, row in enumerate(found):
        if step <= top:
            factor = blend(0.1, 1, step / top) if top else 0.1
        else:
            factor = blend(1, 0.001, (step - top) / (TOTAL - 1 - top))
        assert row == pytest.approx([lr * factor for lr in LRS], rel=1e-6), step


def test_one_cycle_moves_the_momentum_where_there_is_one():
    adam, plain = optimizer(torch.optim.AdamW), optimizer(torch.optim.Adagrad)
    OneCycle().build(plain, TOTAL)
    found = []
    scheduler = OneCycle().build(adam, TOTAL)["scheduler"]
    for _ in range(TOTAL):
        found.append(adam.param_groups[0]["betas"][0])
        adam.step()
        scheduler.step()
    assert found[0] == pytest.approx(0.95)
    assert min(found) == pytest.approx(0.85)
    assert found[-1] == pytest.approx(0.95)
    assert found.index(min(found)) == 11


def test_plateau_waits_and_stops_at_its_floor():
    chosen = optimizer()
    config = Plateau(factor=0.1, patience=1, min_factor=0.05).build(chosen, math.inf)
    assert (config["interval"], config["monitor"]) == ("epoch", "val/miou")
    found = []
    for score in (0.3, 0.4, 0.35, 0.39, 0.38, 0.37, 0.36):
        chosen.step()
        config["scheduler"].step(score)
        found.append([group["lr"] for group in chosen.param_groups])
    close(found, [list(LRS)] * 3 + [[0.1 * lr for lr in LRS]] * 2 + [[0.05 * lr for lr in LRS]] * 2)


def test_a_longer_resumed_run_follows_the_longer_curve():
    first = Poly().build(optimizer(), 10)["scheduler"]
    rates(first, 5)
    second = Poly().build(optimizer(), 20)["scheduler"]
    second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    found = rates(second, 2)[1]
    assert found == pytest.approx([lr * (1 - 6 / 20) ** 0.9 for lr in LRS])


def test_curves_pickle_for_spawned_processes():
    curve = Cosine(warmup=3).build(optimizer(), TOTAL)["scheduler"].lr_lambdas[0]
    copy = pickle.loads(pickle.dumps(curve))
    assert [copy(step) for step in range(TOTAL)] == [curve(step) for step in range(TOTAL)]


@pytest.mark.parametrize("total", [math.inf, -1, 0])
@pytest.mark.parametrize("schedule", [Poly, OneCycle])
def test_an_endless_training_is_refused(schedule, total):
    with pytest.raises(ConfigError, match=r"trainer\.max_epochs"):
        schedule().build(optimizer(), total)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Poly(power=0), "power"),
        (lambda: Poly(warmup=-1), "warmup"),
        (lambda: Cosine(min_factor=2), "min_factor"),
        (lambda: CosineRestarts(first_cycle=0), "first_cycle"),
        (lambda: CosineRestarts(mult=0.5), "mult"),
        (lambda: Cyclic(min_factor=0.5, max_factor=0.4), "max_factor"),
        (lambda: Cyclic(half_cycle=-1), "half_cycle"),
        (lambda: Step(milestones=[]), "milestones"),
        (lambda: Step(milestones=[-5]), "milestones"),
        (lambda: Step(gamma=0), "gamma"),
        (lambda: OneCycle(pct_start=1.0), "pct_start"),
        (lambda: OneCycle(div_factor=0.5), "div_factor"),
        (lambda: Plateau(factor=1.0), "factor"),
        (lambda: Plateau(mode="up"), "mode"),
        (lambda: Plateau(patience=-1), "patience"),
    ],
)
def test_wrong_settings_say_so(make, word):
    with pytest.raises(ConfigError, match=rf"optim\.schedule\.{word}"):
        make()
