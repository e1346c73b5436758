"""Clock, failures, problem documents."""

from datetime import UTC, datetime, timedelta

import pytest

from pult.lib import clock
from pult.lib.failures import ChannelFailure, PultError, Throttled, UserError
from pult.lib.problems import problem, problem_of


def test_the_clock_can_be_moved_and_runs_on():
    start = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    with clock.moved(start):
        assert start <= clock.now() < start + timedelta(seconds=5)
        with clock.moved(by=timedelta(hours=2)):
            assert clock.now() >= start + timedelta(hours=2)
        assert clock.now() < start + timedelta(seconds=5)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_clock_can_be_stopped_and_started_again():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with clock.moved(start, stopped=True):
        assert clock.now() == clock.now() == start
        with clock.moved(by=timedelta(days=1)):
            assert clock.now() > start + timedelta(days=1) - timedelta(seconds=1)
        with pytest.raises(KeyError), clock.moved(by=timedelta(days=1)):
            raise KeyError
        assert clock.now() == start


def test_a_failure_has_a_code_a_sentence_and_a_next_step():
    error = UserError(
        "There is no channel %(channel)s.", params={"channel": "50%"}, next_step="See `pult channel list`."
    )
    assert (error.code, error.sentence) == ("invalid", "There is no channel 50%.")
    assert str(error) == "There is no channel 50%. See `pult channel list`."
    assert error.template % error.params == error.sentence
    assert str(PultError("100 % sure", code="sure")) == "100 % sure"
    assert PultError("x", code="sure").code == "sure" and PultError("x").code == "error"


def test_a_throttled_channel_says_how_long_to_wait():
    failure = Throttled("Wait.", wait_s=12)
    assert isinstance(failure, ChannelFailure) and (failure.wait_s, failure.code) == (12, "throttled")


def test_a_problem_document_has_its_standard_members():
    assert problem(404, "order_not_found", "Not found", "There is no order R-1.", number="R-1") == {
        "type": "urn:pult:problem:order_not_found",
        "title": "Not found",
        "status": 404,
        "code": "order_not_found",
        "detail": "There is no order R-1.",
        "number": "R-1",
    }
    assert problem_of(UserError("No.", next_step="Yes."), status=400, title="Bad")["detail"] == "No. Yes."
    assert "detail" not in problem(500, "x", "Y")
