# SPDX-License-Identifier: BSD-2-Clause
"""What AWS answers: the XML of results and errors in the Query protocol, and its headers."""

import uuid
from dataclasses import dataclass, field
from html import escape

from clock import http_date

VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}
NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}


class AwsError(Exception):
    """An error that AWS answers with: HTTP status, Code and Message."""

    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


@dataclass
class Answer:
    """One HTTP answer; `code` is its outcome in the log: OK or the AWS error code."""

    status: int
    body: bytes
    code: str = "OK"
    headers: dict = field(default_factory=dict)


def _lines(name, value, depth):
    pad = "  " * depth
    if value is None:
        return []
    if isinstance(value, dict):
        inner = [line for key in value for line in _lines(key, value[key], depth + 1)]
        return [f"{pad}<{name}>", *inner, f"{pad}</{name}>"]
    if isinstance(value, list):
        inner = [line for item in value for line in _lines("member", item, depth + 1)]
        return [f"{pad}<{name}>", *inner, f"{pad}</{name}>"] if inner else [f"{pad}<{name}/>"]
    text = str(value).lower() if isinstance(value, bool) else escape(str(value), quote=False)
    return [f"{pad}<{name}>{text}</{name}>"]


def _document(root, service, members):
    inner = [line for key in members for line in _lines(key, members[key], 1)]
    lines = [f'<{root} xmlns="{NAMESPACES[service]}">', *inner, f"</{root}>", ""]
    return "\n".join(lines).encode()


def new_request_id():
    return str(uuid.uuid4())


def success(service, action, result, request_id):
    """The answer to an action that worked; `result` is a dict in AWS's order, or None."""
    members = {f"{action}Result": result, "ResponseMetadata": {"RequestId": request_id}}
    return Answer(200, _document(f"{action}Response", service, members))


def failure(service, error, request_id):
    """The answer for an AwsError."""
    kind = "Sender" if error.status < 500 else "Receiver"
    fault = {"Type": kind, "Code": error.code, "Message": error.message}
    members = {"Error": fault, "RequestId": request_id}
    return Answer(error.status, _document("ErrorResponse", service, members), error.code)


def headers_for(answer, request_id, now_ms):
    """The headers of an answer, its own laid over the usual; one set to None is left out."""
    usual = {
        "x-amzn-RequestId": request_id,
        "Content-Type": "text/xml",
        "Content-Length": str(len(answer.body)),
        "Date": http_date(now_ms),
    }
    return {name: text for name, text in {**usual, **answer.headers}.items() if text is not None}
