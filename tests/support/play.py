"""Plays a sequence of deliveries, decisions and days on a real deployment, and checks after each step what must always hold."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, cast

import feeds
from feeds import FEEDS, KINDS, Feed, Row
from follower import Follower
from jishi.golden.ledger import discard_batch
from jishi.golden.turn import turn_all
from jishi.registers.catalog import register_of
from jishi_ingest.run import submit_again
from oracle import REFERENCES, VIEWS, Relations, State, View
from regroup import Words
from said import Said, Verdict
from sequence import Again, Decide, Deliver, Mend, Merge, Pass, Step, Unmerge

OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
NUMBERS = {view.number: name for name, view in VIEWS.items()}
TABLES = ", ".join(f"jishi.{name}{table}" for name in VIEWS for table in ("", "_version", "_contribution", "_link"))
BY_NAME = {feed.name: feed for feed in FEEDS}


class Play:
    """One sequence on one emptied deployment."""

    def __init__(self, city: Any) -> None:
        self.city = city
        self.said = {feed.name: Said(feed) for feed in FEEDS}
        self.files: dict[str, list[tuple[Row, ...]]] = {}
        self.held: list[tuple[int, str, tuple[Row, ...], datetime]] = []
        self.days = 0
        self.relations = Relations()
        self.followers = {name: Follower() for name in VIEWS}
        self.past: dict[tuple[str, datetime, datetime], State] = {}
        self.words = Words(city)
        self.remembered: Counter[tuple[Any, ...]] = Counter()  # what words left of the numbers they moved
        self.behind = False  # days have passed and the daily job has not run

    async def start(self) -> None:
        """In one transaction: a worker of the last play may still be about its daily job."""
        async with self.city.connection.transaction():
            await self.city.connection.execute(
                f"TRUNCATE {TABLES}, jishi.identifier, jishi.relation, jishi.change, jishi.review, jishi.quarantine,"
                " jishi.batch, jishi.job, jishi.register_state, jishi.judgement, jishi.regrouping"
            )
            await self.city.connection.executemany(
                "INSERT INTO jishi.register_state (register, name, last_seq, last_recorded_at, last_contribution_id,"
                " turned_to) VALUES ($1, $2, 0, '-infinity', 0, now())",
                list(NUMBERS.items()),
            )

    async def step(self, step: Step) -> None:
        match step:
            case Deliver(name, rows):
                await self._deliver(BY_NAME[name], rows)
            case Again(which, back):
                if self.files:
                    name = sorted(self.files)[which % len(self.files)]
                    await self._deliver(BY_NAME[name], self.files[name][-back:][0])
            case Mend():
                for name, sent in list(self.files.items()):
                    if mended := {row.key: row.mended() for row in sent[-1] if row.flawed}:
                        await self._deliver(BY_NAME[name], tuple(mended.values()))
            case Decide(release):
                await self._decide(release)
            case Pass(days, turned):
                await self._pass(days, turned)
            case Merge(which, next):
                await self._merge(which, next)
            case Unmerge(which):
                await self._unmerge(which)
        await self.check()

    async def end(self) -> None:
        """All that has been announced comes into force."""
        await self._pass(40, turned=True)
        await self.check()

    async def submit(self, feed: Feed, rows: tuple[Row, ...]) -> Verdict:
        """Queue a delivery of this day; how its rows must fare. Where a worker may take it at once, the day is today's and the
        instant stays what it was."""
        self.files.setdefault(feed.name, []).append(rows)
        batch = await self.city.submit(feed.name, self.city.file([feed.cells(row) for row in rows]))
        delivered_at = await self.city.value(
            "UPDATE jishi.batch SET delivered_at = delivered_at + make_interval(days => $2) WHERE batch_id = $1"
            " RETURNING delivered_at",
            batch,
            self.days,
        )
        return self.said[feed.name].judge(rows, batch, delivered_at)

    async def settle(self, feed: Feed, verdict: Verdict) -> str:
        """See the delivery through, hold its receipt against the verdict and remember it; the status."""
        receipt = await self.city.finish(verdict.batch)
        await self._compare(receipt, verdict)
        if receipt["status"] == "published":
            self.said[feed.name].publish(verdict)
            await self._relate(VIEWS[feed.register])
        elif receipt["status"] == "held":
            self.said[feed.name].refuse(verdict)
        return str(receipt["status"])

    async def _deliver(self, feed: Feed, rows: tuple[Row, ...]) -> None:
        verdict = await self.submit(feed, rows)
        if await self.settle(feed, verdict) == "held":
            self.held.append((verdict.batch, feed.name, rows, verdict.delivered_at))

    async def _decide(self, release: bool) -> None:
        if not self.held:
            return
        batch, name, rows, delivered_at = self.held.pop(0)
        if not release:
            await discard_batch(self.city.connection, batch, "测试")
            self.said[name].discard(batch)
            return
        verdict = self.said[name].judge(rows, batch, delivered_at, release=True)
        await submit_again(self.city.road, batch, release=True)
        await self.settle(BY_NAME[name], verdict)

    async def _merge(self, which: int, next: int) -> None:
        before = await self._of_no_duration()
        if (merged := await self.words.merge(which, next)) is not None:
            self.remembered += await self._of_no_duration() - before
            self.relations.merge(merged.gone, merged.survivor)
            await self._relate(VIEWS[merged.register])

    async def _unmerge(self, which: int) -> None:
        before = await self._of_no_duration()
        if (parted := await self.words.unmerge(which)) is not None:
            self.remembered += await self._of_no_duration() - before
            view = VIEWS[parted.register]
            identifiers = await self.city.rows("SELECT * FROM jishi.identifier")
            self.relations.part(view.number, identifiers, set(parted.moved), parted.survivor, parted.gone)
            await self._relate(view)

    async def _of_no_duration(self) -> Counter[tuple[Any, ...]]:
        rows = await self.city.rows("SELECT * FROM jishi.identifier WHERE valid_to = valid_from")
        return Counter(_place(row) for row in rows)

    async def _compare(self, receipt: dict[str, Any], verdict: Verdict) -> None:
        found = {name: receipt[name] for name in OUTCOMES if receipt[name]}
        assert found == {name: rows for name, rows in verdict.outcomes.items() if rows}, "the outcomes of the rows"
        assert (receipt["status"] == "held") is verdict.held
        if receipt["status"] == "unchanged":
            assert not verdict.new and not verdict.absent
        if receipt["status"] == "published":
            assert receipt["ended_by_absence"] == len(verdict.absent)
            news = await self.city.rows(
                "SELECT c.type, count(*) AS n FROM jishi.change c JOIN jishi.batch b ON b.recorded_at = c.recorded_at"
                " WHERE b.batch_id = $1 AND c.register = $2 GROUP BY 1",
                receipt["batch"],
                VIEWS[receipt["register"]].number,
            )
            types = Counter({row["type"]: row["n"] for row in news})
            golden = receipt["golden"]
            assert (golden["created"], golden["changed"], golden["ended"]) == (
                types["create"],
                types["change"] + types["withhold"],
                types["end"],
            ), "the receipt counts other changes than the feed"

    async def _pass(self, days: int, turned: bool) -> None:
        """Move every register's clock; what is recorded next is later than that."""
        self.days += days
        await self.city.connection.execute(
            "UPDATE jishi.register_state SET last_recorded_at = greatest(last_recorded_at, now() + make_interval(days => $1))",
            self.days,
        )
        self.behind = not turned
        if turned:
            await turn_all(self.city.connection)

    async def now(self, view: View) -> datetime:
        """The latest instant that register has recorded."""
        query = "SELECT last_recorded_at FROM jishi.register_state WHERE register = $1"
        return cast(datetime, await self.city.value(query, view.number))

    async def check(self) -> None:
        for view in VIEWS.values():
            await self.check_register(view)
        await self._check_rows()
        await self._check_relations()
        await self._check_identity()

    async def check_register(self, view: View) -> None:
        name, columns = view.register, ", ".join(view.columns)
        revisions = await self.city.rows(
            f"SELECT l.uid, l.rank, c.* FROM jishi.{name}_contribution c JOIN jishi.{name}_link l USING (contribution_id)"
        )
        golden = await self.city.rows(f"SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{name}")
        versions = golden + await self.city.rows(
            f"SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{name}_version"
        )
        served = {
            str(row["uid"]): ("active", *(row[c] for c in view.columns)) for row in golden if row["state"] == "active"
        }
        changes = await self.city.rows(
            "SELECT seq, uid, type, elements FROM jishi.change WHERE register = $1 ORDER BY seq", view.number
        )
        self.followers[name].fold(view, changes, served)
        if not revisions:
            return
        now = await self.now(view)
        if not self.behind:
            wanted = view.fresh(revisions, now, now)
            assert served == {uid: state for uid, state in wanted.items() if state[0] == "active"}, "served"
        await self._check_numbers(view, revisions)
        for at in sorted(view.moments(revisions) | {now, now + timedelta(days=10_000)}):
            self.past.setdefault((name, at, now), view.fresh(revisions, at, now))
        for (register, at, known), state in self.past.items():
            if register == name:
                assert view.read(versions, at, known) == state, f"{name} at {at} as known at {known}"

    async def _check_numbers(self, view: View, revisions: list[dict[str, Any]]) -> None:
        """Every contribution carries, at every instant, the numbers of the revision in force."""
        elements = sorted(set(register_of(view.register).identifiers) & set(revisions[0]))
        carried: dict[tuple[int, str], list[dict[str, Any]]] = {}
        for row in await self.city.rows("SELECT * FROM jishi.identifier WHERE register = $1", view.number):
            carried.setdefault((row["contribution_id"], row["element"]), []).append(row)
        for contribution in {revision["contribution_id"] for revision in revisions}:
            own = [revision for revision in revisions if revision["contribution_id"] == contribution]
            for at in {revision["effective_from"] for revision in own}:
                last = max(
                    (revision for revision in own if revision["effective_from"] <= at),
                    key=lambda revision: (revision["effective_from"], revision["recorded_at"]),
                )
                for element in elements:
                    found = [
                        row["masked"]
                        for row in carried.get((contribution, element), [])
                        if row["valid_from"] <= at and (row["valid_to"] is None or at < row["valid_to"])
                    ]
                    wanted = [] if last["ended"] or last[element] is None else [last[element]]
                    assert found == wanted, f"{view.register}.{element} at {at}"

    async def _check_rows(self) -> None:
        """Contributions and quarantine are what the delivered rows say, row by row."""
        for name, said in self.said.items():
            if not self.files.get(name):
                continue
            kind = KINDS[said.feed.kind]
            columns = ", ".join(f"c.{column}::text" for column in kind.plain)
            stored = await self.city.rows(
                f"SELECT c.batch_id, c.row_number, c.effective_from, c.ended, {columns} FROM jishi.{kind.register}_contribution c"
                f" JOIN jishi.batch b USING (batch_id) JOIN jishi.source s USING (source_id) WHERE s.name = $1",
                name,
            )
            found = Counter(tuple(row.values()) for row in stored)
            assert found == Counter((r.batch, r.number, r.effective, r.ended, *r.plain) for r in said.revisions()), (
                "other contributions than the rows say"
            )
            kept = await self.city.rows(
                "SELECT q.batch_id, q.row_number, q.status FROM jishi.quarantine q JOIN jishi.source s USING (source_id)"
                " WHERE s.name = $1",
                name,
            )
            wanted = Counter((*place, status) for place, (_, status) in said.quarantine.items())
            assert Counter(tuple(row.values()) for row in kept) == wanted, "the quarantine"
            for table in ("", "_version", "_contribution"):
                seen = await self.city.value(
                    f"SELECT count(*) FROM jishi.{kind.register}{table} t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'",
                    feeds.REFUSED,
                )
                assert seen == 0, "a refused row's value"

    async def _relate(self, view: View) -> None:
        """A publication of that register has happened."""
        identifiers, left = [], Counter(self.remembered)
        for row in await self.city.rows("SELECT * FROM jishi.identifier"):
            if row["valid_to"] == row["valid_from"] and left[_place(row)] > 0:
                left[_place(row)] -= 1  # says whom a number once led to, and refers to nobody
            else:
                identifiers.append(row)
        self.relations.follow(identifiers, view.number, await self.now(view))

    async def _check_relations(self) -> None:
        relations = await self.city.rows("SELECT * FROM jishi.relation")
        for row in relations:
            assert (row["effective_to"] is None) is (row["closed_at"] is None)
            assert (row["to_uid"] is None) is (row["resolved_at"] is None)
            assert row["kind"] == REFERENCES[row["from_register"], row["element"]][0]
        said = ("from_register", "contribution_id", "element", "to_lookup", "effective_from", "effective_to", "to_uid")
        found, wanted = Counter(tuple(row[name] for name in said) for row in relations), self.relations.standing()
        if not self.words.said:
            assert found == wanted, "relations"
            return
        assert _open(found) == _open(wanted), "relations"
        # what had ended before a word stands of both, and what it made untrue has no duration and no contribution
        lasting = {row[:6] for row in found if row[1] is not None and row[4] != row[5]}
        assert lasting == {row[:6] for row in wanted if row[4] != row[5]}, "relations that have ended"
        for name, holders in (await self.words.links()).items():
            for row in relations:
                if row["from_register"] == VIEWS[name].number and row["closed_at"] is None:
                    assert row["from_uid"] == holders[row["contribution_id"]], "of another entity than its contribution"

    async def _check_identity(self) -> None:
        """Living entities that carry one strong number are one, or a steward has been asked, or has said that they are not."""
        carried = await self.city.rows(
            "SELECT DISTINCT i.register, i.scheme, i.lookup, i.uid FROM jishi.identifier i"
            " JOIN jishi.register_state s USING (register) WHERE i.strong AND i.valid_from <= s.last_recorded_at"
            " AND (i.valid_to IS NULL OR i.valid_to > s.last_recorded_at)"
        )
        asked = {
            frozenset((row["uid"], row["other_uid"])) for row in await self.city.rows("SELECT * FROM jishi.review")
        } | self.words.parted
        carriers: dict[tuple[Any, ...], set[Any]] = {}
        for row in carried:
            carriers.setdefault((row["register"], row["scheme"], row["lookup"]), set()).add(row["uid"])
        for uids in carriers.values():
            reached, left = set(), [min(uids)]
            while left:
                uid = left.pop()
                reached.add(uid)
                left += [other for pair in asked if uid in pair for other in pair - reached]
            assert uids <= reached, "two entities carry one number and nobody is asked"


def _open(relations: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter({row: count for row, count in relations.items() if row[5] is None})


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("register", "contribution_id", "uid", "element", "lookup", "valid_from"))
