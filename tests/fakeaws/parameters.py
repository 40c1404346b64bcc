# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a Query request, with AWS's validation and its texts."""

import re
from urllib.parse import parse_qsl

from answer import AwsError


def parse(text):
    """A dict from a form; AwsError for one that AWS would not read."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, encoding="utf-8",
                          errors="strict", max_num_fields=1000) if text else []
    except (ValueError, UnicodeDecodeError) as error:
        raise AwsError(400, "MalformedQueryString", f"The query string is malformed: {error}")
    if len(dict(pairs)) != len(pairs):
        raise AwsError(400, "MalformedQueryString", "A parameter appears more than once")
    return dict(pairs)


def _member_name(name):
    return name[0].lower() + name[1:]


class Parameters:
    """Typed access; complaints are collected and raised together, as AWS does."""

    def __init__(self, values):
        self.values = values
        self.complaints = []

    def _complain(self, name, constraint):
        value = self.values.get(name)
        shown = "null" if value is None else f"'{value}'"
        self.complaints.append(f"Value {shown} at '{_member_name(name)}' failed to satisfy"
                               f" constraint: Member must {constraint}")

    def text(self, name, low, high, pattern=None, required=False):
        """A string of `low` to `high` characters that fits `pattern`, or None."""
        value = self.values.get(name)
        if value is None:
            if required:
                self._complain(name, "not be null")
            return None
        if len(value) < low:
            self._complain(name, f"have length greater than or equal to {low}")
        if len(value) > high:
            self._complain(name, f"have length less than or equal to {high}")
        if pattern is not None and not re.fullmatch(pattern, value):
            self._complain(name, f"satisfy regular expression pattern: {pattern}")
        return value

    def number(self, name, low, high, default):
        """An integer between `low` and `high`."""
        value = self.values.get(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise AwsError(400, "MalformedInput", "The request was not well formed: "
                           f"'{_member_name(name)}' is no integer")
        if int(value) < low:
            self._complain(name, f"have value greater than or equal to {low}")
        if int(value) > high:
            self._complain(name, f"have value less than or equal to {high}")
        return int(value)

    def choice(self, name, choices, required=False):
        """One of `choices`, or None."""
        value = self.values.get(name)
        if value is None and required:
            self._complain(name, "not be null")
        if value is not None and value not in choices:
            self._complain(name, f"satisfy enum value set: [{', '.join(choices)}]")
        return value

    def members(self, name, most):
        """The list NAME.member.1…, each item a dict of its fields (a plain value under "")."""
        items = {}
        for key, value in self.values.items():
            match = re.fullmatch(re.escape(name) + r"\.member\.([1-9][0-9]{0,3})(?:\.(\w+))?", key)
            if match:
                items.setdefault(int(match[1]), {})[match[2] or ""] = value
        if len(items) > most:
            self._complain(name, f"have length less than or equal to {most}")
        return [items[number] for number in sorted(items)]

    def check(self):
        """Raise what was found wrong, all in one ValidationError."""
        if self.complaints:
            count = len(self.complaints)
            word = "error" if count == 1 else "errors"
            raise AwsError(400, "ValidationError", f"{count} validation {word} detected: "
                           + "; ".join(self.complaints))
