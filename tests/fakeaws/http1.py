# SPDX-License-Identifier: BSD-2-Clause
"""HTTP/1.1 messages on a socket: bounded and strict, since a lenient server hides client bugs."""

import re
from dataclasses import dataclass
from http import HTTPStatus

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 1024 * 1024

_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*")


class BadRequest(Exception):
    """Bytes that are no acceptable HTTP/1.1 request; the connection can't go on."""


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: list
    keep_alive: bool
    body: bytes = b""

    def all(self, name):
        """Every value of a header; `name` in lower case."""
        return [value for key, value in self.headers if key == name]

    def one(self, name):
        """A header that may appear once, or None."""
        values = self.all(name)
        if len(values) > 1:
            raise BadRequest(f"header {name} appears {len(values)} times")
        return values[0] if values else None


def _parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    start = _REQUEST_LINE.fullmatch(lines[0])
    if start is None:
        raise BadRequest(f"request line {lines[0][:100]!r}")
    headers = []
    for line in lines[1:]:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadRequest(f"header line {line[:100]!r}")
        headers.append((match[1].lower(), match[2]))
    path, _, query = start[2].partition("?")
    request = Request(start[1], path, query, headers, start[3] == "1")
    if start[3] == "1" and request.one("host") is None:
        raise BadRequest("no Host header")
    if (request.one("connection") or "").lower() == "close":
        request.keep_alive = False
    return request


def _body_length(request):
    if request.all("transfer-encoding"):
        raise BadRequest("Transfer-Encoding is not served, send Content-Length")
    text = request.one("content-length")
    if text is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > BODY_LIMIT:
        raise BadRequest(f"Content-Length {text[:20]!r}")
    return int(text)


class RequestReader:
    """Takes one request after another from a socket."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()

    def next(self):
        """The next request, or None when the peer has closed (between requests or within one)."""
        end = self._fill_head()
        if end is None:
            return None
        request = _parse_head(bytes(self.buffer[:end]))
        del self.buffer[:end + 4]
        length = _body_length(request)
        if length > len(self.buffer) and (request.one("expect") or "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self.buffer) < length:
            if not self._receive():
                return None
        request.body = bytes(self.buffer[:length])
        del self.buffer[:length]
        return request

    def _fill_head(self):
        end = self.buffer.find(b"\r\n\r\n")
        while end < 0:
            if len(self.buffer) > HEAD_LIMIT:
                raise BadRequest(f"no end of headers within {HEAD_LIMIT} bytes")
            if not self._receive():
                return None
            end = self.buffer.find(b"\r\n\r\n")
        return end

    def _receive(self):
        chunk = self.sock.recv(65536)
        self.buffer += chunk
        return len(chunk) > 0


def _reason(status):
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def render_head(status, headers):
    """The status line and headers, with the empty line that ends them."""
    lines = [f"HTTP/1.1 {status} {_reason(status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
