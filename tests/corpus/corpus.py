"""The whole defect corpus: what departments send when they do not send what they should."""

from __future__ import annotations

import corpus_packs
import corpus_records
import corpus_sheets
import corpus_texts
import corpus_values

CASES = (*corpus_texts.CASES, *corpus_sheets.CASES, *corpus_records.CASES, *corpus_packs.CASES, *corpus_values.CASES)
