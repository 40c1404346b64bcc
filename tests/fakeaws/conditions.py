# SPDX-License-Identifier: BSD-2-Clause
"""The Condition of a policy statement. An operator or a key that is not known here is an error,
never true."""

import re
from datetime import datetime, timezone

from wildcards import literal, matches

# What a request's context may hold; a key that a request lacks is absent in its dict.
KEYS = ["aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:TokenIssueTime",
        "aws:CurrentTime", "aws:PrincipalArn", "aws:PrincipalAccount", "aws:userid",
        "aws:username"]
_KNOWN = {key.lower(): key for key in KEYS}


def known_key(key):
    """The key as this module writes it; ValueError for one that it can't evaluate."""
    if key.lower() not in _KNOWN:
        raise ValueError(f"the fake AWS knows no condition key {key}")
    return _KNOWN[key.lower()]


def _date(text):
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _bool(text):
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text


def _arn(text):
    parts = text.split(":", 5)
    if parts[0] != "arn" or len(parts) != 6:
        raise ValueError(f"{text!r} is no ARN")
    return parts


def _arn_like(value, wanted):
    return all(matches(part, pattern) for part, pattern in zip(_arn(value), _arn(wanted)))


def _same(value, wanted):
    return value == literal(wanted)


def _same_letters(value, wanted):
    return value.lower() == literal(wanted).lower()


def _by(read, compare):
    return lambda value, wanted: compare(read(value), read(wanted))


def _ordered(name, read):
    """The six comparisons of numbers or dates."""
    compare = {"Equals": lambda a, b: a == b, "NotEquals": lambda a, b: a == b,
               "LessThan": lambda a, b: a < b, "LessThanEquals": lambda a, b: a <= b,
               "GreaterThan": lambda a, b: a > b, "GreaterThanEquals": lambda a, b: a >= b}
    return {name + suffix: _by(read, test) for suffix, test in compare.items()}


# Each compares the request's value with one of the policy's; "Not" in the name turns it round.
_OPERATORS = {
    "Bool": _by(_bool, lambda a, b: a == b),
    "StringEquals": _same, "StringNotEquals": _same,
    "StringEqualsIgnoreCase": _same_letters, "StringNotEqualsIgnoreCase": _same_letters,
    "StringLike": matches, "StringNotLike": matches,
    "ArnEquals": _arn_like, "ArnNotEquals": _arn_like,
    "ArnLike": _arn_like, "ArnNotLike": _arn_like,
    **_ordered("Numeric", float), **_ordered("Date", _date),
}
_READERS = {"Bool": _bool, "Null": _bool, "Numeric": float, "Date": _date, "Arn": _arn}


def check(operator, key, values):
    """ValueError where a condition could not be evaluated later."""
    known_key(key)
    plain = operator.removesuffix("IfExists")
    if plain not in _OPERATORS and operator != "Null":
        raise ValueError(f"the fake AWS knows no condition operator {operator}")
    kind = re.match(r"[A-Z][a-z]+", operator)[0]
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"{operator} takes strings, not {value!r}")
        _READERS.get(kind, str)(value)


def holds(operator, key, values, context):
    """Whether one key under one operator is satisfied; `values` have their variables replaced."""
    present = context.get(known_key(key))
    if operator == "Null":
        return _bool(values[0]) == ("true" if present is None else "false")
    plain = operator.removesuffix("IfExists")
    negated = "Not" in plain
    if present is None:
        return negated or operator != plain
    return any(_OPERATORS[plain](present, value) for value in values) != negated
