# SPDX-License-Identifier: BSD-2-Clause
"""Identity-based policy documents: read strictly, and evaluated against one request."""

import functools
import json
import re
from dataclasses import dataclass

import conditions
from wildcards import matches, substitute, variables

MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


@dataclass
class Statement:
    """One statement. Patterns with their Not in front: (negated, patterns)."""

    effect: str
    actions: tuple
    resources: tuple
    conditions: list

    def applies(self, action, resource, context):
        """Whether the statement speaks about `action` on `resource` in this request."""
        return (self._names(self.actions, action.lower(), {}, str.lower)
                and self._names(self.resources, resource, context, str)
                and all(self._holds(condition, context) for condition in self.conditions))

    @staticmethod
    def _names(wanted, text, context, fold):
        negated, patterns = wanted
        ready = [substitute(pattern, context) for pattern in patterns]
        if None in ready and negated:
            return False
        return any(matches(text, fold(pattern)) for pattern in ready
                   if pattern is not None) != negated

    @staticmethod
    def _holds(condition, context):
        operator, key, values = condition
        ready = [substitute(value, context) for value in values]
        return None not in ready and conditions.holds(operator, key, ready, context)


def _no_doubles(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member appears twice")
    return dict(pairs)


def _strings(value, what):
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) for item in values):
        raise ValueError(f"{what} must be a string or a list of strings")
    return values


def _either(members, name):
    """What a statement says under NAME or NotNAME, as (negated, patterns)."""
    found = [key for key in (name, "Not" + name) if key in members]
    if len(found) != 1:
        raise ValueError(f"a statement needs one of {name} and Not{name}")
    return found[0] != name, _strings(members[found[0]], found[0])


def _check_resource(resource, partition):
    if resource == "*":
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn" or len(parts) != 6:
        raise ValueError(f"Resource {resource} must be in ARN format or \"*\".")
    if parts[1] not in (partition, "*"):
        raise ValueError(f"Partition \"{parts[1]}\" is not valid for resource \"{resource}\".")
    if any("*" in part or "?" in part for part in parts[2:3]):
        raise ValueError(f"Vendor {parts[2]} is not valid for resource \"{resource}\".")


def _conditions(members):
    if not isinstance(members, dict) or not all(isinstance(keys, dict)
                                                for keys in members.values()):
        raise ValueError("Syntax errors in policy.")
    found = [(operator, key, _strings(values, key)) for operator, keys in members.items()
             for key, values in keys.items()]
    for operator, key, values in found:
        conditions.check(operator, key, values)
    return found


def _statement(members, partition):
    if set(members) - MEMBERS:
        raise ValueError(f"no member is called {', '.join(sorted(set(members) - MEMBERS))}")
    if members.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("Effect must be Allow or Deny")
    if not re.fullmatch("[A-Za-z0-9]*", str(members.get("Sid", ""))):
        raise ValueError("Statement IDs (SID) must be alpha-numeric.")
    actions, resources = _either(members, "Action"), _either(members, "Resource")
    for action in actions[1]:
        if not _ACTION.fullmatch(action):
            raise ValueError(f"Actions/Conditions must be prefaced by a vendor: {action}")
    for resource in resources[1]:
        _check_resource(resource, partition)
    found = _conditions(members.get("Condition", {}))
    patterns = resources[1] + [value for _, _, values in found for value in values]
    for name in [name for pattern in patterns for name in variables(pattern)]:
        if name not in conditions.KEYS:
            raise ValueError(f"the fake AWS knows no variable {name}")
    return Statement(members["Effect"], actions, resources, found)


@functools.lru_cache(1000)
def parse(text, partition):
    """The statements of a policy document; ValueError for one that AWS would not take, or that
    says what can't be evaluated here. The fake reads only the Version that has variables."""
    policy = json.loads(text, object_pairs_hook=_no_doubles)
    if not isinstance(policy, dict) or set(policy) - {"Version", "Id", "Statement"}:
        raise ValueError("Syntax errors in policy.")
    if policy.get("Version") != "2012-10-17":
        raise ValueError("the Version must be 2012-10-17")
    listed = policy.get("Statement")
    listed = listed if isinstance(listed, list) else [listed]
    if not listed or not all(isinstance(members, dict) for members in listed):
        raise ValueError("Syntax errors in policy.")
    sids = [str(members["Sid"]) for members in listed if "Sid" in members]
    if len(set(sids)) != len(sids):
        raise ValueError("Statement IDs (SID) in a single policy must be unique.")
    return [_statement(members, partition) for members in listed]


def size(text):
    """The characters of a document that count: all but white space."""
    return len(re.sub(r"\s", "", text))


def decide(texts, partition, action, resource, context):
    """What documents say together: "Deny" wins, then "Allow"; None where none speaks."""
    effects = {statement.effect for text in texts for statement in parse(text, partition)
               if statement.applies(action, resource, context)}
    return next((effect for effect in ("Deny", "Allow") if effect in effects), None)
