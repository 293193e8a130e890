"""The columnar forms of reading, checking and masking identifiers: raw Polars column in, frame of facts out (step
standardise).

Facts, never verdicts: quality asserts over them. Each form agrees with its scalar twin value by value, and a test holds
the two together. Importing this package imports Polars and numpy; the API does not.
"""

from jishi.identifiers.columns.certificates import certificate_ids
from jishi.identifiers.columns.codes import division_codes, organisation_codes, registration_numbers, usccs
from jishi.identifiers.columns.documents import person_documents
from jishi.identifiers.columns.masks import mask_column
from jishi.identifiers.columns.text import normalise_column

__all__ = [
    "certificate_ids",
    "division_codes",
    "mask_column",
    "normalise_column",
    "organisation_codes",
    "person_documents",
    "registration_numbers",
    "usccs",
]
