"""The manifest: what the reconciliation service offers, in the words of the version asked for (query, road out).

The two versions describe the same members differently (``suggest``, ``view``), so that no one document suits both: a client of
the draft asks at ``/reconcile/v1``, by ``Accept: application/reconciliation.v1+json``, or by ``version=1.0-draft``.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version as version_of
from typing import Any

from starlette.requests import Request

from jishi.dictionary.resolve import PROJECT_SCHEMES
from jishi.errors import CallerError
from jishi_api.links import base_of
from jishi_api.reconcile.reading import Type

Json = dict[str, Any]

OLD, DRAFT = "0.2", "1.0-draft"
VERSIONS = (OLD, DRAFT)
V1_JSON = "application/reconciliation.v1+json"
BATCH = 100
WIDTH, HEIGHT = 420, 240

_NAMES = {"zh-CN": "基石数据字典", "en": "Jishi data dictionary"}
_MOST_VALUES = {
    "zh-CN": ("每个实体最多取几个值", "0 表示不限"),
    "en": ("Most values an entity", "0 means all of them"),
}


def wanted(request: Request) -> str:
    """The version a request to the root asks for: 0.2 unless it says otherwise. CallerError ``DIC-RECONCILE-VERSION``."""
    asked = request.query_params.get("version")
    if asked in VERSIONS:
        return str(asked)
    if asked in ("1.0", "1"):
        return DRAFT
    if asked is not None:
        raise CallerError("DIC-RECONCILE-VERSION", known=", ".join(VERSIONS))
    kinds = [part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(",")]
    return DRAFT if V1_JSON in kinds else OLD


def manifest(request: Request, version: str, types: Mapping[str, Type]) -> Json:
    """The manifest in one version, its addresses as the caller reaches this service."""
    base, language = base_of(request), request.state.language
    defaults = [{"id": name, "name": types[name].name(language)} for name in PROJECT_SCHEMES if name in types]
    told: Json = {
        "versions": list(VERSIONS),
        "name": _NAMES["en" if language == "en" else "zh-CN"],
        "documentation": f"{base}docs",
        "serviceVersion": version_of("jishi"),
        "defaultTypes": defaults,
        "batchSize": BATCH,
    }
    return told | (_draft(base, language) if version == DRAFT else _old(base, language))


def _old(base: str, language: str) -> Json:
    service = {"service_url": base.rstrip("/")}
    return {
        "identifierSpace": f"{base}dictionary/concepts/",
        "schemaSpace": f"{base}dictionary/schemes/",
        "view": {"url": f"{base}dictionary/concepts/{{{{id}}}}"},
        "preview": {"url": f"{base}reconcile/preview?id={{{{id}}}}", "width": WIDTH, "height": HEIGHT},
        "suggest": {
            kind: {
                **service,
                "service_path": f"/reconcile/suggest/{kind}",
                "flyout_service_path": f"/reconcile/flyout/{kind}?id=${{id}}",
            }
            for kind in ("entity", "type", "property")
        },
        "extend": {
            "propose_properties": {**service, "service_path": "/reconcile/extend/propose"},
            "property_settings": [_setting(language, {"name": "limit"}, "label", "help_text")],
        },
    }


def _draft(base: str, language: str) -> Json:
    return {
        "lang": "zh",
        "standardizedScore": True,
        "view": {"url": f"{base}dictionary/concepts/{{id}}"},
        "preview": {"width": WIDTH, "height": HEIGHT},
        "suggest": {"entity": True, "type": True, "property": True},
        "extend": {
            "proposeProperties": True,
            "propertySettings": [_setting(language, {"id": "limit"}, "name", "helpText")],
        },
    }


def _setting(language: str, identity: Json, title: str, text: str) -> Json:
    label, explained = _MOST_VALUES["en" if language == "en" else "zh-CN"]
    return {**identity, title: label, text: explained, "type": "number", "default": 0}
