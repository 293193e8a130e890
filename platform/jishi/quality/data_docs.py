"""Great Expectations Data Docs of a batch: its own renderers over its own document, in templates of ours (behind the road in).

The stock page loads styles and scripts from eight foreign hosts and draws its tables by script. Ours loads one style sheet of
the origin that serves it and needs no script. What each rule is called and counted stands in its tables too, so that the page
can be held against our report rule by rule.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import Any

from jishi.quality.stage import warm


def render_page(document: Mapping[str, Any], batch: int) -> str:
    """The page of a document as :func:`jishi.quality.counted_results.document_of` makes it; seconds at the first call."""
    warm()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema

        from jishi.quality.data_docs_renderers import Page, View

        results = expectationSuiteValidationResultSchema.load(copy.deepcopy(dict(document)))
        return str(View(batch).render(Page().render(results)))  # type: ignore[no-untyped-call]
