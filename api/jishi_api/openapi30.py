"""The description in the words of OpenAPI 3.0, for clients that read no other (edge of the road out)."""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]


def to_30(described: Part) -> Part:
    """As 3.0.3 says it: one type a schema, ``nullable`` beside it, no ``const``; what 3.0 cannot say is left open."""
    told: Part = _schema(described)
    told["openapi"] = "3.0.3"
    told.get("info", {}).pop("summary", None)
    return told


def _schema(node: Any) -> Any:
    if isinstance(node, list):
        return [_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: _schema(value) for name, value in node.items() if name not in _UNKNOWN}
    if isinstance(made.get("type"), list):
        _one_type(made)
    for word in ("anyOf", "oneOf"):
        if isinstance(made.get(word), list) and _NULL in made[word]:
            _nullable(made, word)
    if "const" in made:
        made["enum"] = [made.pop("const")]
    for word, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(word), int | float) and not isinstance(made.get(word), bool):
            made[plain], made[word] = made[word], True
    if "prefixItems" in made:
        made["items"] = made.pop("prefixItems")[0]
    elif made.get("type") == "array":
        made.setdefault("items", {})
    if isinstance(made.get("examples"), list):
        made["example"] = made.pop("examples")[0]
    return made


_NULL = {"type": "null"}
_UNKNOWN = frozenset(
    {
        *("$schema", "$defs", "contentMediaType", "contentEncoding", "unevaluatedProperties", "jsonSchemaDialect"),
        *("propertyNames", "patternProperties"),
    }
)


def _one_type(made: Part) -> None:
    kinds = [kind for kind in made["type"] if kind != "null"]
    if len(kinds) < len(made["type"]):
        made["nullable"] = True
    if len(kinds) == 1:
        made["type"] = kinds[0]
    else:
        del made["type"]
        made["anyOf"] = [{"type": kind} for kind in kinds]


def _nullable(made: Part, word: str) -> None:
    others = [option for option in made.pop(word) if option != _NULL]
    made["nullable"] = True
    if len(others) == 1 and "$ref" not in others[0]:
        made.update({name: value for name, value in others[0].items() if name not in made})
    else:
        made["allOf" if len(others) == 1 else word] = others
