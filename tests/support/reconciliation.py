"""What the reconciliation protocol demands of documents, as schemas in our own words; and the published ones, where they lie.

The published schemas (W3C Entity Reconciliation Community Group, W3C Software and Document License, repository
``reconciliation-api/specs``) are no part of this project: ``RECONCILIATION_SPECS`` names a folder that holds
``0.2/*.json`` and ``1.0-draft/*.json``, or they lie beside the checkout in ``../shared/data/10_reconciliation_api``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
ANY_TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
NATURAL: Schema = {"type": "integer", "minimum": 1}


def _object(required: Schema, optional: Schema | None = None, *, closed: bool = False) -> Schema:
    properties = {**required, **(optional or {})}
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        **({"additionalProperties": False} if closed else {}),
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _told(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern}


def _values(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


NAMED = _object({"id": TEXT, "name": TEXT}, {"description": ANY_TEXT})
OLD_SERVICE = _object(
    {"service_url": _told("^https?://"), "service_path": _told("^/")}, {"flyout_service_path": _told(r"\$\{id\}")}
)
_SETTING_KIND: Schema = {"enum": ["number", "text", "checkbox", "select"]}


def _candidate(feature: Schema) -> Schema:
    return _object(
        {
            "id": TEXT,
            "name": TEXT,
            "type": _list(NAMED),
            "score": {**NUMBER, "minimum": 0, "maximum": 100},
            "match": FLAG,
        },
        {"description": ANY_TEXT, "features": _list(feature)},
    )


_FEATURE_VALUE: Schema = {"type": ["boolean", "number"]}
_VALUE: Schema = {
    "oneOf": [
        _object({}, closed=True),
        _object({"id": TEXT, "name": TEXT}, {"description": ANY_TEXT}, closed=True),
        _object({"str": ANY_TEXT}, closed=True),
        _object({"float": NUMBER}, closed=True),
        _object({"int": {"type": "integer"}}, closed=True),
        _object({"date": _told(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")}, closed=True),
    ]
}

OURS: dict[tuple[str, str], Schema] = {
    ("0.2", "manifest"): _object(
        {
            "versions": {**_list(TEXT), "contains": {"const": "0.2"}},
            "name": TEXT,
            "identifierSpace": _told("^https?://"),
            "schemaSpace": _told("^https?://"),
            "view": _object({"url": _told(r"\{\{id\}\}")}),
            "preview": _object({"url": _told(r"\{\{id\}\}"), "width": NATURAL, "height": NATURAL}),
            "suggest": _object(dict.fromkeys(("entity", "type", "property"), OLD_SERVICE)),
            "extend": _object(
                {
                    "propose_properties": OLD_SERVICE,
                    "property_settings": _list(_object({"type": _SETTING_KIND, "label": TEXT, "name": TEXT})),
                }
            ),
            "defaultTypes": {**_list(NAMED), "uniqueItems": True},
        }
    ),
    ("1.0-draft", "manifest"): _object(
        {
            "versions": {**_list(TEXT), "contains": {"const": "1.0-draft"}},
            "name": TEXT,
            "view": _object({"url": _told(r"[^{]\{id\}")}),
            "preview": _object({"width": NATURAL, "height": NATURAL}),
            "suggest": _object(dict.fromkeys(("entity", "type", "property"), FLAG)),
            "extend": _object(
                {
                    "proposeProperties": FLAG,
                    "propertySettings": _list(_object({"type": _SETTING_KIND, "id": TEXT, "name": TEXT})),
                }
            ),
            "standardizedScore": FLAG,
        }
    ),
    ("0.2", "reconciliation-result-batch"): _values(
        _object({"result": _list(_candidate(_object({"id": TEXT, "value": _FEATURE_VALUE})))})
    ),
    ("1.0-draft", "reconciliation-result-batch"): _object(
        {
            "results": _list(
                _object({"candidates": _list(_candidate(_object({"id": TEXT, "name": TEXT, "value": _FEATURE_VALUE})))})
            )
        }
    ),
    ("0.2", "data-extension-response"): _object({"meta": _list(NAMED), "rows": _values(_values(_list(_VALUE)))}),
    ("1.0-draft", "data-extension-response"): _object(
        {
            "meta": _list(NAMED),
            "rows": _list(
                _object({"id": TEXT, "properties": _list(_object({"id": TEXT, "values": _list(_VALUE)}))}),
            ),
        }
    ),
} | {
    (version, name): schema
    for version in ("0.2", "1.0-draft")
    for name, schema in {
        "suggest-entities-response": _object(
            {"result": _list(_object({**NAMED["properties"], "notable": _list(NAMED)}))}
        ),
        "suggest-types-response": _object({"result": _list(NAMED)}),
        "suggest-properties-response": _object({"result": _list(NAMED)}),
        "data-extension-property-proposal": _object({"properties": _list(NAMED), "type": ANY_TEXT}, {"limit": NUMBER}),
    }.items()
}


def faults(version: str, name: str, document: object) -> list[str]:
    """What the document does that our schema of this name forbids."""
    return _told_faults(Draft7Validator(OURS[version, name]), document)


def published_folder() -> Path | None:
    """Where the published schemas lie, None where they do not."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "10_reconciliation_api"
    folder = Path(os.environ.get("RECONCILIATION_SPECS", beside))
    return folder if (folder / "0.2" / "manifest.json").is_file() else None


def published_faults(folder: Path, version: str, name: str, document: object) -> list[str]:
    """What the document does that the published schema of this name forbids."""
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / version).glob("*.json"))]
    known = [DRAFT7.create_resource(schema) for schema in schemas if "$id" in schema]
    registry: Registry[Any] = Registry().with_resources([(resource.id() or "", resource) for resource in known])
    schema = json.loads((folder / version / f"{name}.json").read_text(encoding="utf-8"))
    schema.pop("$schema", None)
    return _told_faults(Draft7Validator(schema, registry=registry), document)


def _told_faults(validator: Draft7Validator, document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(document)]
