"""Great Expectations' renderers, fitted: a rule's own columns in its tables, templates and words of ours (behind the road in).

Loads Great Expectations; :mod:`jishi.quality.data_docs` imports it when a page is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from great_expectations.render.renderer.content_block.validation_results_table_content_block import (
    ValidationResultsTableContentBlockRenderer,
)
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from jishi.quality.suite import META_RULE

TEMPLATES = Path(__file__).parent / "data_docs_templates"

COLUMNS = ("Rule", "Evaluated", "Failed", "Could not run")
"""What stands behind the columns of the stock page. It has a way of its own to add some, which this version refuses."""

_STATUS = {"✅": "passed", "❌": "failed", "❗": "could not run"}
"""What the stock page shows as icons of a foreign font, in words."""

_HEADINGS = {"h5": "h2", "h6": "h3"}
"""The stock page begins its headings at the fifth level, for their size; below ours, no level is left out."""


class RuleTable(ValidationResultsTableContentBlockRenderer):
    """The stock table of one column's expectations, with the rule and its counts."""

    @classmethod
    def _process_content_block(cls, content_block: Any, has_failed_evr: Any, render_object: Any = None) -> None:
        super()._process_content_block(content_block, has_failed_evr, render_object)
        content_block.header_row = [*content_block.header_row, *COLUMNS]

    @classmethod
    def _get_content_block_fn(cls, expectation_type: str, expectation_config: Any = None) -> Callable[..., Any] | None:
        stock = super()._get_content_block_fn(expectation_type, expectation_config)
        if stock is None:
            return None

        def row(*arguments: Any, **named: Any) -> list[list[Any]]:
            [cells] = stock(*arguments, **named)
            return [[*cells, *_counted(named["result"])]]

        return row


class Page(ValidationResultsPageRenderer):
    """The stock page, without the link to the suite's own, which is not made."""

    def __init__(self) -> None:
        table = {"class_name": RuleTable.__name__, "module_name": __name__}
        sections = {"class_name": "ValidationResultsColumnSectionRenderer", "table_renderer": table}
        super().__init__(column_section_renderer=sections, run_info_at_end=True)

    @classmethod
    def _render_validation_header(cls, validation_results: Any) -> Any:
        header = super()._render_validation_header(validation_results)  # type: ignore[no-untyped-call]
        header.subheader.string_template["styling"]["params"].pop("expectation_suite_name")
        return header


class View(DefaultJinjaPageView):
    """The stock view with our templates before its own; no style of an element's own, which the page's policy refuses."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.env.globals["batch"] = batch
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), *([self.env.loader] if self.env.loader else [])])

    def render_styling(self, styling: Mapping[str, Any]) -> str:
        return str(super().render_styling({name: part for name, part in styling.items() if name != "styles"}))

    def render_string_template(self, template: Any) -> Any:
        if not isinstance(template, dict):
            return super().render_string_template(template)  # type: ignore[no-untyped-call]
        icon = template.get("params", {}).get("markdown_status_icon")
        if icon in _STATUS:
            return _STATUS[icon]
        tag = template.get("tag")
        fitted = {**template, "tag": _HEADINGS[tag]} if tag in _HEADINGS else template
        return super().render_string_template(fitted)  # type: ignore[no-untyped-call]


def _counted(result: Any) -> list[str]:
    counts, raised = result.result, result.exception_info["raised_exception"]
    evaluated = (counts.get("element_count") or 0) - (counts.get("missing_count") or 0)
    failed = counts.get("unexpected_count") or 0
    return [result.expectation_config.meta[META_RULE], str(evaluated), str(failed), "yes" if raised else "no"]
