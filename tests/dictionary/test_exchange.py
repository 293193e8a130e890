"""Out and in again: nothing is lost in any form, nothing is reset, and plain SKOS readers see plain SKOS."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jishi.delivery.dictionary_cli import exported
from jishi.dictionary.csv_reading import read_table
from jishi.dictionary.exchange_csv import scheme_csv, split
from jishi.dictionary.forms import KeptAlias, KeptConcept, KeptEdge, KeptScheme
from jishi.dictionary.graph import to_jsonld, to_turtle
from jishi.dictionary.importing import import_schemes
from jishi.dictionary.load import load_all
from jishi.dictionary.reading import Faults
from jishi.dictionary.skos import scheme_nodes
from jishi.dictionary.skos_reading import read_graph
from jishi.dictionary.stepping import step
from jishi.errors import CallerError
from jishi.settings import Settings
from jishi.storage.engine import connect

if TYPE_CHECKING:
    from asyncpg import Connection

FORMATS = ("skos-ttl", "jsonld", "csv")
TABLES = {
    "scheme": "id",
    "concept": "scheme, code",
    "concept_alias": 'scheme, code, alias COLLATE "C", negative, places, departments, valid_from',
    "concept_edge": "scheme, code, predecessor, place, procedure, valid_from",
}


@pytest.fixture
async def source(loaded_database: str) -> AsyncIterator[Connection[Any]]:
    """A loaded dictionary with everything in it that is not in the files: status, successors, stewards' names, a history."""
    opened = await connect(loaded_database)
    async with opened.transaction():
        await step(opened, "0404", "deprecated", "meilin", successors=("0403", "0405"), reason="分入两个节点")
    async with opened.transaction():
        await step(opened, "1203", "deprecated", "meilin", reason="不再单列")
        await opened.execute(
            "INSERT INTO jishi.concept_alias (scheme, code, alias, alias_normalised, places, departments, valid_from, "
            "valid_to, negative, status, origin) VALUES ('project-nodes', '0403', '=财|评\"审', '=财|评\"审', '{常德,邵阳}', "
            "'{财政}', '2019-01-01', '2024-01-01', false, 'approved', 'steward'), "
            "('project-nodes', '0403', '待定名', '待定名', '{}', '{}', NULL, NULL, false, 'draft', 'steward')"
        )
    yield opened
    await opened.close()


def read(text: str, form: str) -> list[KeptScheme]:
    faults = Faults()
    found = read_table(text, "x.csv", faults) if form == "csv" else read_graph(text, form, faults)
    assert faults.found == []
    return found


async def tables(connection: Connection[Any]) -> dict[str, list[dict[str, Any]]]:
    """Every row, without the numbers the database gave."""
    found = {}
    for table, order in TABLES.items():
        rows = await connection.fetch(
            f"SELECT to_jsonb(t) - 'alias_id' - 'edge_id' AS row FROM jishi.{table} t ORDER BY {order}"
        )
        found[table] = [json.loads(row["row"]) for row in rows]
    return found


async def brought_in(connection: Connection[Any], text: str, form: str, by: str = "meilin") -> Any:
    async with connection.transaction():
        return await import_schemes(connection, read(text, form), by)


@pytest.mark.parametrize("form", FORMATS)
async def test_what_was_exported_comes_back_whole_into_an_empty_database(
    source: Connection[Any], connection: Connection[Any], form: str, settings: Settings
) -> None:
    async with source.transaction():
        await import_schemes(source, [], "meilin")  # records the names put in by hand
    text = await exported(source, form)
    report = await brought_in(connection, text, form)
    assert report.inserted["concept"] == 100
    assert await tables(connection) == await tables(source)
    latest = (
        "SELECT kind, scheme, code, max(revision) AS revision FROM jishi.dictionary_version "
        "WHERE scheme IN (SELECT id FROM jishi.scheme) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    assert await connection.fetch(latest) == await source.fetch(latest)
    assert await exported(connection, form) == text
    again = await brought_in(connection, text, form)
    assert again.edition is None and not again.inserted and not again.updated
    before = await tables(connection)
    loaded = await load_all(connection, settings)
    assert not any(loaded.changes[table] for table in TABLES) and await tables(connection) == before


async def test_an_import_resets_no_status_and_removes_no_name(source: Connection[Any]) -> None:
    old = (await exported(source, "csv")).replace(
        ",deprecated,steward,分入两个节点,0403|0405,", ",approved,dictionary,,,"
    )
    assert old != await exported(source, "csv")
    before = await tables(source)
    with pytest.raises(CallerError) as caught:
        await brought_in(source, old, "csv")
    assert [(fault.name, fault.code) for fault in caught.value.faults] == [("project-nodes: 0404", "DIC-STATUS-STEP")]
    assert await tables(source) == before


async def test_a_legal_step_of_an_import_is_taken_and_its_author_kept(source: Connection[Any]) -> None:
    (nodes,) = [scheme for scheme in read(await exported(source, "csv"), "csv") if scheme.id == "project-nodes"]
    concepts = tuple(
        concept.model_copy(update={"status": "deprecated", "successors": ("0802",), "definition": "新的说法"})
        if concept.code == "0711"
        else concept
        for concept in nodes.concepts
    )
    async with source.transaction():
        report = await import_schemes(source, [nodes.model_copy(update={"concepts": concepts})], "wanfang")
    assert report.updated == {"concept": 1} and report.edition is not None and report.edition.author == "wanfang"
    row = await source.fetchrow("SELECT * FROM jishi.concept WHERE code = '0711'")
    assert row is not None
    assert (row["status"], row["status_origin"], row["origin"], row["definition"]) == (
        "deprecated",
        "steward",
        "steward",
        "新的说法",
    )


async def test_a_load_takes_nothing_back_that_a_person_said(loaded_settings: Settings, source: Connection[Any]) -> None:
    before = await tables(source)
    assert not (await load_all(source, loaded_settings)).changed
    assert await tables(source) == before


async def test_a_code_list_cannot_be_imported_and_faults_name_their_lines(source: Connection[Any]) -> None:
    sexes = KeptScheme(id="sex", title="性别", title_en="sex")
    with pytest.raises(CallerError) as caught:
        async with source.transaction():
            await import_schemes(source, [sexes], "meilin")
    assert [fault.code for fault in caught.value.faults] == ["DIC-IMPORT-LIST"]
    faults = Faults()
    read_table(
        "record,scheme,code,name,name_en,status\nscheme,s,,题,t,\nconcept,s,1,名,,odd\nthing,s,2,名,,\n",
        "x.csv",
        faults,
    )
    assert [fault.name for fault in faults.found] == ["x.csv:3", "x.csv:4"]
    read_graph("@prefix : <", "skos-ttl", faults)
    assert faults.found[-1].code == "DIC-UNREADABLE"


async def test_a_circle_of_two_imports_is_seen(source: Connection[Any]) -> None:
    nodes = next(scheme for scheme in read(await exported(source, "csv"), "csv") if scheme.id == "project-nodes")
    first = nodes.concepts[0].model_copy(update={"predecessors": ("0105",)})
    with pytest.raises(CallerError) as caught:
        async with source.transaction():
            await import_schemes(source, [nodes.model_copy(update={"concepts": (first,), "edges": ()})], "meilin")
    assert "DIC-CIRCLE" in {fault.code for fault in caught.value.faults}


async def test_somebody_elses_skos_comes_in_as_drafts_of_a_steward(connection: Connection[Any]) -> None:
    text = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <http://example.org/colours/> .
ex:colours a skos:ConceptScheme ; skos:prefLabel "颜色"@zh-Hans ; <http://purl.org/dc/terms/title> "颜色"@zh .
ex:red a skos:Concept ; skos:inScheme ex:colours ; skos:prefLabel "红"@zh, "red"@en ; skos:altLabel "赤"@zh .
"""
    await brought_in(connection, text, "skos-ttl")
    row = await connection.fetchrow("SELECT * FROM jishi.concept")
    assert row is not None
    assert (row["scheme"], row["code"], row["preferred_name"], row["status"], row["origin"]) == (
        "colours",
        "red",
        "红",
        "draft",
        "steward",
    )
    assert await connection.fetchval("SELECT alias || status FROM jishi.concept_alias") == "赤draft"


async def test_plain_skos_readers_see_whole_and_sensible_triples(source: Connection[Any]) -> None:
    import rdflib
    from rdflib.namespace import OWL, SKOS

    graph = rdflib.Graph().parse(data=await exported(source, "skos-ttl"), format="turtle")
    concepts = set(graph.subjects(rdflib.RDF.type, SKOS.Concept))
    assert len(concepts) == 100 + 12
    for concept in concepts:
        labels = list(graph.objects(concept, SKOS.prefLabel))
        languages = [getattr(label, "language", None) for label in labels]
        assert labels and len(languages) == len(set(languages))  # S14
        others = set(graph.objects(concept, SKOS.altLabel)) | set(graph.objects(concept, SKOS.hiddenLabel))
        assert others.isdisjoint(labels)  # S13
        assert len(list(graph.objects(concept, SKOS.notation))) == 1
        assert list(graph.objects(concept, SKOS.inScheme))
        for broader in graph.objects(concept, SKOS.broader):
            assert broader in concepts and broader != concept
    dead = set(graph.subjects(OWL.deprecated, rdflib.Literal(True)))
    assert len(dead) == 2
    names = {
        str(name) for name in graph.objects(rdflib.URIRef("urn:jishi:dictionary:project-nodes:0304"), SKOS.altLabel)
    }
    assert "初设批复" in names and "概算批复" not in names


def test_the_parts_of_a_cell_come_back_as_they_were() -> None:
    assert split(r"a\|b|c\\|d") == ["a|b", "c\\", "d"]


WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), min_size=1, max_size=8
).map(lambda word: f"甲{word}乙")
DAY = st.dates(date(1990, 1, 1), date(2030, 1, 1))
MOMENT = st.integers(1_600_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
WORDS = st.lists(WORD, max_size=3, unique=True).map(tuple)


@st.composite
def schemes(draw: st.DrawFn) -> KeptScheme:
    """A small scheme with everything a scheme can have."""
    codes = draw(
        st.lists(st.from_regex(r"[A-Za-z0-9甲乙:%_.-]{1,6}", fullmatch=True), min_size=1, max_size=5, unique=True)
    )
    names = draw(st.lists(WORD, min_size=len(codes), max_size=len(codes), unique_by=str.casefold))
    concepts = []
    for place, (code, name) in enumerate(zip(codes, names, strict=True)):
        earlier = [other for other in codes[:place] if other != "any"]
        status = draw(st.sampled_from(("draft", "review", "approved", "deprecated")))
        since = draw(st.none() | DAY)
        aliases = {
            alias.scope: alias
            for alias in draw(
                st.lists(
                    st.builds(
                        KeptAlias,
                        name=WORD,
                        places=WORDS,
                        departments=WORDS,
                        valid_from=st.none() | DAY,
                        negative=st.booleans(),
                        status=st.sampled_from(("draft", "approved", "rejected", "ended")),
                        origin=st.sampled_from(("dictionary", "steward")),
                        removed_at=st.none() | MOMENT,
                    ),
                    max_size=3,
                )
            )
        }
        concepts.append(
            KeptConcept(
                code=code,
                name=name,
                name_en=draw(st.sampled_from(("", "a name", 'quoted "name"'))),
                definition=draw(st.sampled_from(("", "第一行\n第二行", "=1+1", "'引号'", "a\\b"))),
                scope_note=draw(st.just("") | WORD),
                stage_code=draw(st.none() | st.sampled_from(("01", "02"))),
                predecessors=tuple(draw(st.lists(st.sampled_from(earlier), unique=True))) if earlier else (),
                responsible=draw(st.none() | WORD),
                documents=draw(WORDS),
                legal_basis=draw(WORDS),
                note=draw(st.just("") | WORD),
                status=status,
                status_origin=draw(st.sampled_from(("dictionary", "steward"))),
                status_reason="因故" if status == "deprecated" else "",
                valid_from=since,
                valid_to=date(2031, 1, 1) if draw(st.booleans()) else None,
                origin=draw(st.sampled_from(("dictionary", "steward"))),
                removed_at=draw(st.none() | MOMENT),
                revision=draw(st.integers(1, 9)),
                aliases=tuple(aliases.values()),
            )
        )
    edges: tuple[KeptEdge, ...] = ()
    if len(codes) > 1:
        pair = st.just((codes[1], codes[0]))
        edges = tuple(
            KeptEdge(code=code, predecessor=before, place=draw(WORD), procedure=draw(WORD), removes=draw(st.booleans()))
            for code, before in draw(st.lists(pair, max_size=1))
        )
    return KeptScheme(
        id="generated",
        title=draw(WORD),
        title_en="generated",
        description=draw(st.just("") | WORD),
        origin="steward",
        revision=draw(st.integers(1, 5)),
        concepts=tuple(sorted(concepts, key=lambda concept: concept.code)),
        edges=edges,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schemes())
def test_whatever_a_scheme_holds_every_form_gives_it_back(scheme: KeptScheme) -> None:
    for form in FORMATS:
        text = (
            scheme_csv([scheme])
            if form == "csv"
            else (to_turtle if form == "skos-ttl" else to_jsonld)(list(scheme_nodes(scheme)))
        )
        (back,) = read(text, form)
        assert _sorted(back) == _sorted(scheme), form


def _sorted(scheme: KeptScheme) -> KeptScheme:
    """The same with names in one order: a graph keeps none."""
    concepts = tuple(
        concept.model_copy(update={"aliases": tuple(sorted(concept.aliases, key=repr))}) for concept in scheme.concepts
    )
    return scheme.model_copy(update={"concepts": concepts, "edges": tuple(sorted(scheme.edges, key=repr))})
