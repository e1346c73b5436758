"""Reports over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from pult.accounts.api import reads
from pult.reports.rules.periods import split_by
from pult.reports.schemas import TurnoverQuery, TurnoverShape, turnover_document
from pult.reports.selectors import turnover

router = Router(tags=["reports"])


@reads(router, "/reports/turnover", action="reports.view", answer=TurnoverShape)
def get_turnover(request: HttpRequest, query: Query[TurnoverQuery]) -> dict[str, Any]:
    """Turnover of whole days, both ends included: cancelled orders out, refunds negative on the day they happened."""
    return turnover_document(turnover(first=query.from_, last=query.to, by=split_by(query.by)))
