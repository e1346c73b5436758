from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pult.lib.rates import Buckets


def test_a_quiet_caller_may_do_its_burst_at_once_and_then_waits():
    buckets = Buckets(rate=100, burst=200)
    assert [buckets.wait_s("a", at=0.0) for _ in range(200)] == [0.0] * 200
    assert buckets.wait_s("a", at=0.0) == 0.01


def test_callers_do_not_take_from_each_other():
    buckets = Buckets(rate=1, burst=1)
    assert buckets.wait_s("a", at=0.0) == 0
    assert buckets.wait_s("a", at=0.0) > 0
    assert buckets.wait_s("b", at=0.0) == 0


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_whoever_keeps_to_the_rate_never_waits(gaps: list[float]):
    buckets = Buckets(rate=100, burst=200)
    at = 0.0
    for gap in gaps:
        at += 0.0101 + gap
        assert buckets.wait_s("a", at=at) == 0


def test_callers_long_gone_are_forgotten():
    buckets = Buckets(rate=100, burst=200)
    for number in range(10_001):
        buckets.wait_s(number, at=0.0)
    buckets.wait_s("new", at=10.0)
    assert len(buckets._left) == 1
