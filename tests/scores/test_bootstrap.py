"""Resampling against loops, textbook formulas and a population whose score is known."""

from __future__ import annotations

import numpy as np
import pytest

from trashseg.scores import Bootstrap, Interval
from trashseg.scores.ratios import RatioSums, class_counts
from trashseg.types import ConfigError


def counts(seed: int, num: int = 12, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    totals = rng.integers(50, 400, (num, columns)).astype(float)
    return np.floor(totals * rng.beta(4, 2, totals.shape)), totals


class TestRatioSums:
    def test_counts_of_a_matrix(self) -> None:
        matrix = np.random.default_rng(0).integers(0, 9, (4, 5, 5))
        hits, union = class_counts(matrix)
        for i in range(4):
            for k in range(5):
                assert hits[i, k] == matrix[i, k, k]
                assert union[i, k] == matrix[i, k].sum() + matrix[i, :, k].sum() - matrix[i, k, k]

    def test_errors_are_those_of_leaving_out_one_group_at_a_time(self) -> None:
        hits, totals = counts(1)
        weights = np.array([[1 / 3, 1 / 3, 1 / 3], [0, 1, 0], [1, 0, -1]])
        draws = np.random.default_rng(2).multinomial(12, np.full(12, 1 / 12), size=5).astype(float)
        values, errors = RatioSums(hits, totals, weights).measure(draws)
        for b, times in enumerate(draws.astype(int)):
            drawn = np.repeat(np.arange(12), times)
            whole = weights @ (hits[drawn].sum(0) / totals[drawn].sum(0))
            rests = [np.delete(drawn, i) for i in range(12)]
            changes = [weights @ (hits[rest].sum(0) / totals[rest].sum(0)) - whole for rest in rests]
            np.testing.assert_allclose(values[b], whole, rtol=1e-12)
            np.testing.assert_allclose(errors[b], np.sqrt(np.square(changes).sum(0)), rtol=1e-9)

    def test_a_ratio_missing_in_a_draw_keeps_its_value_of_the_whole_set(self) -> None:
        hits, totals = counts(3)
        hits[1:, 2] = totals[1:, 2] = 0
        sums = RatioSums(hits, totals, np.eye(3))
        without_first = np.ones((1, 12))
        without_first[0, 0] = 0
        values, errors = sums.measure(without_first)
        assert values[0, 2] == hits[0, 2] / totals[0, 2]
        assert errors[0, 2] == 0
        np.testing.assert_allclose(values[0, :2], hits[1:, :2].sum(0) / totals[1:, :2].sum(0))
        np.testing.assert_array_equal(sums.values(without_first), values)


class TestBootstrap:
    def test_many_groups_give_the_textbook_interval(self) -> None:
        hits, totals = counts(4, num=1000, columns=1)
        ratio = hits.sum() / totals.sum()
        error = np.std(hits - ratio * totals) * np.sqrt(1000) / totals.sum()
        (interval,) = Bootstrap(num_draws=3000).intervals(hits, totals, np.ones((1, 1)))
        assert interval.value == pytest.approx(ratio)
        assert interval.high - interval.low == pytest.approx(2 * 1.645 * error, rel=0.05)

    def test_copies_in_one_group_add_nothing(self) -> None:
        hits, totals = counts(5)
        alone = Bootstrap(num_draws=300, seed=1).intervals(hits, totals, np.eye(3))
        groups = np.tile(np.arange(12) * 7, 4)
        copies = Bootstrap(groups, num_draws=300, seed=1)
        for a, b in zip(
            alone, copies.intervals(np.tile(hits, (4, 1)), np.tile(totals, (4, 1)), np.eye(3)), strict=True
        ):
            assert (b.low, b.high) == pytest.approx((a.low, a.high))
        taken_as_many = Bootstrap(num_draws=300).intervals(np.tile(hits, (4, 1)), np.tile(totals, (4, 1)), np.eye(3))
        assert taken_as_many[0].high - taken_as_many[0].low < 0.6 * (alone[0].high - alone[0].low)

    def test_group_sums_are_those_of_a_loop(self) -> None:
        hits, _ = counts(6)
        groups = np.array([5, 5, 2, 9, 2, 2, 5, 1, 1, 9, 9, 0])
        expected = [hits[groups == group].sum(0) for group in np.unique(groups)]
        np.testing.assert_allclose(Bootstrap(groups).group_sums(hits), expected)

    @pytest.mark.parametrize("level", [0.8, 0.95])
    def test_blocks_change_nothing_and_the_level_counts(self, level: float, monkeypatch: pytest.MonkeyPatch) -> None:
        hits, totals = counts(7)
        bootstrap = Bootstrap(level=level, num_draws=500, seed=3)
        whole = bootstrap.intervals(hits, totals, np.eye(3))
        monkeypatch.setattr("trashseg.scores.bootstrap._BLOCK", 36 * 7)
        assert bootstrap.intervals(hits, totals, np.eye(3)) == whole
        wider = Bootstrap(level=0.99, num_draws=500, seed=3).intervals(hits, totals, np.eye(3))
        assert all(w.low < i.low < i.value < i.high < w.high for w, i in zip(wider, whole, strict=True))

    def test_ends_stay_within_0_and_1_unless_the_value_is_a_difference(self) -> None:
        hits, totals = counts(8, num=4)
        hits[:3] = totals[:3]
        for interval in Bootstrap(num_draws=300).intervals(hits, totals, np.eye(3)):
            assert 0 <= interval.low < interval.value < interval.high <= 1
        (difference,) = Bootstrap(num_draws=300).intervals(hits, totals, np.array([[1.0, -1, 0]]), bounded=False)
        assert difference.low < difference.value < difference.high

    def test_a_small_new_set_is_less_certain_than_a_large_one(self) -> None:
        hits, totals = counts(9, num=60)
        weights = np.full((1, 3), 1 / 3)
        widths = []
        for future in (10, 60, 6000, None):
            (interval,) = Bootstrap(num_draws=1500).intervals(hits, totals, weights, future=future)
            widths.append(interval.high - interval.low)
        assert widths[0] > 1.5 * widths[1] > 1.9 * widths[2]
        assert widths[1] == pytest.approx(np.sqrt(2) * widths[3], rel=0.15)
        assert widths[2] == pytest.approx(widths[3], rel=0.05)

    def test_no_ends_where_the_groups_do_not_differ(self) -> None:
        for num in (1, 5):
            hits, totals = np.full((num, 2), 3.0), np.array([[4.0, 0.0]] * num)
            known, absent = Bootstrap(num_draws=100).intervals(hits, totals, np.eye(2))
            assert known.value == 0.75
            assert np.isnan([known.low, known.high, absent.value, absent.low]).all()
            assert "too few" in str(known)

    def test_doubt_widens(self) -> None:
        hits, totals = counts(10)
        sure, unsure = (
            Bootstrap(num_draws=300).intervals(hits, totals, np.eye(3)[:1], doubt=doubt)[0] for doubt in (0, 0.2)
        )
        assert unsure.low < sure.low < sure.high < unsure.high
        assert unsure.value == sure.value

    @pytest.mark.parametrize(
        ("option", "named"), [({"level": 90}, "level=90"), ({"level": 0}, "level=0"), ({"num_draws": 5}, "num_draws=5")]
    )
    def test_senseless_options(self, option: dict[str, float], named: str) -> None:
        with pytest.raises(ConfigError, match=named):
            Bootstrap(**option)


def test_text_of_an_interval() -> None:
    assert str(Interval(0.51234, 0.4, 0.6, 0.9)) == "0.512 (0.400 to 0.600)"


def test_an_interval_as_json_holds_it() -> None:
    whole = {"value": 0.5, "low": 0.25, "high": 0.75, "level": 0.9}
    assert Interval(**whole).to_dict() == whole
    assert Interval(0.5, np.nan, np.nan, 0.9).to_dict() == {**whole, "low": None, "high": None}
