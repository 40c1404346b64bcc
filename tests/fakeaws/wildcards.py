# SPDX-License-Identifier: BSD-2-Clause
"""Patterns of policies: * and ?, and the variables whose values are never patterns."""

import re

# What a value that was put in for a variable has in place of * and ?, so that these stay letters.
_STAR, _MARK = "\ue000", "\ue001"
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPES = {"*": _STAR, "?": _MARK, "$": "$"}


def variables(pattern):
    """The names of the variables in a pattern."""
    return [name for name in _VARIABLE.findall(pattern) if name not in _ESCAPES]


def substitute(pattern, context):
    """The pattern with its variables replaced, or None where the request has no value for one."""
    if any(context.get(name) is None for name in variables(pattern)):
        return None

    def value(match):
        name = match[1]
        if name in _ESCAPES:
            return _ESCAPES[name]
        return context[name].replace("*", _STAR).replace("?", _MARK)
    return _VARIABLE.sub(value, pattern)


def literal(text):
    """A substituted text as the string that it stands for, where no wildcards are known."""
    return text.replace(_STAR, "*").replace(_MARK, "?")


def matches(text, pattern):
    """Whether all of `text` fits a substituted pattern."""
    wild = {"*": ".*", "?": ".", _STAR: r"\*", _MARK: r"\?"}
    expression = "".join(wild.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
