# SPDX-License-Identifier: BSD-2-Clause
"""AWS Signature Version 4, verified: from the request as it arrived and the real secret."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote

from answer import AwsError
from clock import basic_date

WINDOW_MS = 15 * 60 * 1000
ALGORITHM = "AWS4-HMAC-SHA256"

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your"
    " AWS Secret Access Key and signing method. Consult the service documentation for details.")


@dataclass
class Signature:
    """What an Authorization header claims."""

    key_id: str
    day: str
    region: str
    service: str
    terminator: str
    signed_headers: list
    value: str
    amz_date: str
    time_ms: int

    @property
    def scope(self):
        return f"{self.day}/{self.region}/{self.service}/{self.terminator}"


def _incomplete(message):
    return AwsError(400, "IncompleteSignature", message)


def _mismatch(message):
    return AwsError(403, "SignatureDoesNotMatch", message)


def _authorization_fields(header):
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'. ")
    fields = {}
    for part in re.split(r"[, ]+", rest.strip()):
        name, equal, value = part.partition("=")
        if not equal:
            raise _incomplete(
                f"'{part}' not a valid key=value pair (missing equal-sign) in Authorization"
                f" header: '{header}'.")
        if name in fields:
            raise _incomplete(f"Duplicate parameter '{name}' in Authorization header: '{header}'.")
        fields[name] = value
    return fields


def _missing_parameters(fields, amz_date, header):
    missing = [f"Authorization header requires '{name}' parameter. "
               for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    if amz_date is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a"
                       " 'Date' header. ")
    if missing:
        raise _incomplete("".join(missing) + f"Authorization={header}")


def _parse_amz_date(text):
    parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", text)
    try:
        if parts is not None:
            moment = datetime(*map(int, parts.groups()), tzinfo=timezone.utc)
            return int(moment.timestamp()) * 1000
    except ValueError:
        pass
    raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{text}'. See"
                      " http://en.wikipedia.org/wiki/ISO_8601")


def parse(request):
    """The Signature of a request; AwsError where the header is missing or malformed."""
    header = request.one("authorization")
    if not header:
        raise AwsError(403, "MissingAuthenticationToken",
                       "Request is missing Authentication Token")
    fields = _authorization_fields(header)
    amz_date = request.one("x-amz-date")
    _missing_parameters(fields, amz_date, header)
    credential = fields["Credential"].split("/")
    if len(credential) != 5 or not all(credential):
        raise _incomplete("Credential must have exactly 5 slash-delimited elements, e.g."
                          " keyid/date/region/service/term, got"
                          f" '{fields['Credential']}'")
    return Signature(*credential, fields["SignedHeaders"].split(";"), fields["Signature"],
                     amz_date, _parse_amz_date(amz_date))


def check_signed_headers(request, signature):
    """Host and every x-amz- header that arrived must be signed; the list in order, once each."""
    names = signature.signed_headers
    if names != sorted(set(names)) or any(name != name.lower() for name in names):
        raise _incomplete("SignedHeaders must be lower case, sorted and without repetition, got"
                          f" '{';'.join(names)}'")
    if "host" not in names:
        raise _mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS"
                        " Authorization.")
    for name, _ in request.headers:
        if name.startswith("x-amz-") and name not in names:
            raise _mismatch(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def check_scope(signature, service, regions):
    """The credential scope must be that of this endpoint: service, region, day, terminator."""
    complaints = []
    if signature.region not in regions:
        complaints.append("Credential should be scoped to a valid region, not"
                          f" '{signature.region}'. ")
    if signature.service != service:
        complaints.append(f"Credential should be scoped to correct service: '{service}'. ")
    if signature.terminator != "aws4_request":
        complaints.append("Credential should be scoped with a valid terminator: 'aws4_request',"
                          f" not '{signature.terminator}'. ")
    if signature.day != signature.amz_date[:8]:
        complaints.append("Date in Credential scope does not match YYYYMMDD from ISO-8601 version"
                          f" of date from HTTP: '{signature.day}' != '{signature.amz_date[:8]}',"
                          f" from '{signature.amz_date}'.")
    if complaints:
        raise _mismatch("".join(complaints))


def check_window(signature, now_ms):
    """The request's time must be within 15 minutes of ours."""
    oldest, newest = now_ms - WINDOW_MS, now_ms + WINDOW_MS
    if signature.time_ms < oldest - oldest % 1000:
        raise _mismatch(f"Signature expired: {signature.amz_date} is now earlier than"
                        f" {basic_date(oldest)} ({basic_date(now_ms)} - 15 min.)")
    if signature.time_ms > newest:
        raise _mismatch(f"Signature not yet current: {signature.amz_date} is still later than"
                        f" {basic_date(newest)} ({basic_date(now_ms)} + 15 min.)")


def _canonical_query(query):
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))


def canonical_request(request, signature):
    """The canonical request, rebuilt from what arrived."""
    path = quote(request.path, safe="/-_.~")
    lines = [request.method, path, _canonical_query(request.query)]
    for name in signature.signed_headers:
        values = [re.sub(r" +", " ", value) for value in request.all(name)]
        if not values:
            raise _mismatch(_MISMATCH)
        lines.append(f"{name}:{','.join(values)}")
    lines += ["", ";".join(signature.signed_headers), hashlib.sha256(request.body).hexdigest()]
    return "\n".join(lines)


def _signing_key(secret, signature):
    key = ("AWS4" + secret).encode()
    for part in (signature.day, signature.region, signature.service, signature.terminator):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return key


def check_signature(request, signature, secret):
    """The signature itself, made with `secret`; AwsError SignatureDoesNotMatch."""
    canonical = canonical_request(request, signature).encode("latin-1")
    to_sign = "\n".join([ALGORITHM, signature.amz_date, signature.scope,
                         hashlib.sha256(canonical).hexdigest()])
    expected = hmac.digest(_signing_key(secret, signature), to_sign.encode("latin-1"), "sha256")
    if not hmac.compare_digest(expected.hex().encode(), signature.value.encode("latin-1")):
        raise _mismatch(_MISMATCH)
