# SPDX-License-Identifier: BSD-2-Clause
"""A small signing client for the tests of the fake: SigV4 written apart from sigv4.py, and able
to send what no SDK would."""

import hashlib
import hmac
import http.client
import re
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}


@dataclass
class Keys:
    id: str
    secret: str
    token: str = None


@dataclass
class Reply:
    status: int
    headers: object
    text: str

    def field(self, name):
        """The text of the first XML element of that name, or None."""
        match = re.search(f"<{name}>([^<]*)</{name}>", self.text)
        return match[1] if match else None

    def keys(self):
        return Keys(self.field("AccessKeyId"), self.field("SecretAccessKey"),
                    self.field("SessionToken"))


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_headers(keys, host, body, service, region, now_s=None, drop=(), scope_service=None):
    """Headers of a signed POST; `drop` names headers that are sent unsigned."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8",
               "host": host, "x-amz-date": stamp}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = [name for name in sorted(headers) if name not in drop]
    lines = ["POST", "/", "", *[f"{name}:{headers[name]}" for name in names], "",
             ";".join(names), hashlib.sha256(body.encode()).hexdigest()]
    scope = f"{stamp[:8]}/{region}/{scope_service or service}/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = ("AWS4" + keys.secret).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}").hex()
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={keys.id}/{scope},"
                                f" SignedHeaders={';'.join(names)}, Signature={signature}")
    return headers


class Client:
    """One kept connection to the AWS port."""

    def __init__(self, endpoint, ca_folder=None):
        parts = urlsplit(endpoint)
        self.host = parts.netloc
        if parts.scheme == "https":
            context = ssl.create_default_context(capath=ca_folder)
            self.http = http.client.HTTPSConnection(self.host, timeout=10, context=context)
        else:
            self.http = http.client.HTTPConnection(self.host, timeout=10)

    def close(self):
        self.http.close()

    def send(self, method, body="", headers=None):
        """One request as it is; returns a Reply."""
        self.http.request(method, "/", body, headers or {})
        response = self.http.getresponse()
        return Reply(response.status, response.headers, response.read().decode("latin-1"))

    def call(self, keys, action, service="sts", region="us-east-1", signing=None, **parameters):
        """One signed action; `signing` goes to signed_headers()."""
        body = urlencode({"Action": action, "Version": VERSIONS[service], **parameters})
        headers = signed_headers(keys, self.host, body, service, region, **(signing or {}))
        return self.send("POST", body, headers)
