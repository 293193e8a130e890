"""Where the values of one entity come from, as SQL: what each contribution says that is in force (query, road out)."""

from __future__ import annotations

from functools import lru_cache

from jishi.golden.columns import Names
from jishi.registers.register import Register
from jishi_api.plan import Plan
from jishi_api.sql import answer


@lru_cache(maxsize=512)
def contributions(plan: Plan) -> str:
    """The revisions in force of an entity's contributions, in no order, each as the plan shows it. ``says``: for each group of
    :func:`groups` whether it has a value; ``sticky``: for each sticky element whether it bears a value that is kept. The
    uid is bound behind the plan's values."""
    register = plan.register
    uid = f"${plan.first}"
    says = ", ".join(
        f"({' OR '.join(f'q.{column} IS NOT NULL' for column in columns)})" for columns, _ in groups(register)
    )
    sticky = ", ".join(
        f"(q.{element} IN ({', '.join(map(repr, values))}))" for element, values in register.survivorship.sticky
    )
    columns = ", ".join(f"c.{column}" for column in register.columns)
    return f"""
-- What the sources of one of {register.collection} say.
SELECT {answer(plan)}, q.contribution_id, q.rank, q.origin, q.method, q.warnings, q.source_id, q.effective_from, q.recorded_at,
  q.ended, q.batch_id, q.row_number, ARRAY[{says}] AS says, ARRAY[{sticky}]::boolean[] AS sticky,
  s.name AS source, s.department, d.name AS department_name, b.delivered_at, encode(b.sha256, 'hex') AS sha256,
  b.rules::text AS rules, b.file_name
FROM (
  SELECT DISTINCT ON (c.contribution_id) l.uid, l.rank, l.origin, l.method, l.warnings, l.source_id, c.contribution_id,
    c.effective_from, c.recorded_at, c.ended, c.batch_id, c.row_number, {columns}
  FROM jishi.{register.name}_link l
  JOIN jishi.{register.name}_contribution c ON c.contribution_id = l.contribution_id
  JOIN jishi.{register.name} g ON g.uid = l.uid
  WHERE l.uid = {uid}::uuid
    AND c.effective_from <= greatest(now(), g.effective_from)
  ORDER BY c.contribution_id, c.effective_from DESC, c.recorded_at DESC
) q
LEFT JOIN jishi.source s ON s.source_id = q.source_id
LEFT JOIN jishi.department d ON d.uscc = s.department
LEFT JOIN jishi.batch b ON b.batch_id = q.batch_id{plan.joins}
CROSS JOIN LATERAL (SELECT {plan.columns}) p
ORDER BY q.contribution_id
"""  # noqa: S608  identifiers of the declaration


@lru_cache(maxsize=64)
def groups(register: Register) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Columns and elements that are taken together from one contribution."""
    return tuple(Names(register, "", frozenset()).groups())
