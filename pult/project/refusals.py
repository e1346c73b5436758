"""What the web server itself refuses (a body too large, a broken request), told in the form the API promises."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from pult.lib.problems import CONTENT_TYPE, problem


class ProblemTask(ErrorTask):
    """Under /api/ a problem document; elsewhere the server's own few words."""

    def execute(self) -> None:
        if not (getattr(self.request, "path", "") or "").startswith("/api/"):
            super().execute()
            return
        status = HTTPStatus(self.request.error.code)
        document = problem(status, status.phrase.lower().replace(" ", "_"), status.phrase, self.request.error.body)
        body = orjson.dumps(document)
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.append(("Content-Type", CONTENT_TYPE))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection whose refusals are told by ProblemTask."""

    error_task_class = ProblemTask
