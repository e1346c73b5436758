import json
import logging
import logging.config
import sys
import threading
from decimal import Decimal

import pytest

from pult.lib.failures import UserError
from pult.lib.logs import ContextFilter, JsonFormatter, TextFormatter, current_context, log_context, logging_config


def line_of(formatter, message, *args, exc_info=None, **extra):
    record = logging.getLogger("pult.test").makeRecord(
        "pult.test", logging.INFO, "file.py", 1, message, args, exc_info, extra=extra
    )
    ContextFilter().filter(record)
    return formatter.format(record)


def test_a_json_line_carries_the_ids_of_the_work_in_hand():
    with log_context(job=7, channel="szep-bolt", order=None), log_context(order="R-1"):
        line = json.loads(line_of(JsonFormatter(), "order received", lines=3, gross=Decimal("12.50"), channel="own"))
    assert (line["message"], line["level"], line["logger"]) == ("order received", "info", "pult.test")
    assert (line["job"], line["channel"], line["order"], line["lines"], line["gross"]) == (
        "7",
        "own",
        "R-1",
        3,
        "12.50",
    )
    assert line["time"].endswith("+00:00")
    assert current_context() == {}


def test_a_text_line_stays_one_line():
    assert line_of(TextFormatter(), "a\nb", channel="x\r\ny").endswith("INFO    pult.test: a\\nb channel=x\\r\\ny")


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_no_secret_gets_into_a_log(formatter):
    try:
        raise ValueError("https://shop/?consumer_secret=cs_hidden")
    except ValueError:
        line = line_of(
            formatter,
            "asked %s",
            "/x?consumer_key=ck_hidden",
            exc_info=sys.exc_info(),
            token="hidden",
            url="?api_key=hidden",
        )
    assert "hidden" not in line and "Traceback" in line and "asked" in line


def test_a_lone_surrogate_does_not_break_the_log():
    line_of(JsonFormatter(), "x", thing={"a": object()})
    assert json.loads(line_of(JsonFormatter(), "bad \ud800", name_="\ud800"))["message"] == "bad ?"


def test_another_thread_does_not_carry_the_ids():
    seen = []
    with log_context(job=1):
        thread = threading.Thread(target=lambda: seen.append(current_context()))
        thread.start()
        thread.join()
    assert seen == [{}]


def test_the_configuration_is_one_that_logging_takes():
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        for as_json in (True, False):
            logging.config.dictConfig(logging_config("debug", json=as_json))
    finally:
        logging.getLogger().handlers[:], _ = before
        logging.getLogger().setLevel(before[1])
    with pytest.raises(UserError, match="'LOUD'"):
        logging_config("LOUD")
