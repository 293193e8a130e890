"""The peer anybody would write first: FastAPI, SQLModel, a session a request, response models. No protection at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from geoalchemy2 import Geometry
from sqlalchemy import Column, func
from sqlmodel import Field, Session, SQLModel, create_engine, select


class PersonRead(SQLModel):
    uid: UUID
    full_name: str | None
    sex_code: str | None
    birth_date: date | None
    id_type_code: str | None
    id_number: str | None
    hukou_division_code: str | None
    hukou_address: str | None
    residence_address: str | None
    mobile: str | None
    education_code: str | None
    nationality_code: str | None
    person_status_code: str | None


class PlaceRead(SQLModel):
    uid: UUID
    place_name: str | None
    division_code: str | None
    address_full: str | None
    addr_province: str | None
    addr_city: str | None
    addr_road: str | None
    addr_number: str | None
    county_code: str | None
    category: str | None
    phone: str | None


class Person(PersonRead, table=True):
    __tablename__ = "natural_person"
    __table_args__ = ({"schema": "jishi"},)
    uid: UUID = Field(primary_key=True)


class Place(PlaceRead, table=True):
    __tablename__ = "place"
    __table_args__ = ({"schema": "jishi"},)
    uid: UUID = Field(primary_key=True)
    geom: Any = Field(sa_column=Column(Geometry("GEOMETRY", 4490)))


class Feature(SQLModel):
    type: str = "Feature"
    id: UUID
    geometry: dict[str, Any] | None
    properties: PlaceRead


class FeatureCollection(SQLModel):
    type: str = "FeatureCollection"
    features: list[Feature]


engine = create_engine(os.environ["BENCH_URL"], pool_size=20, max_overflow=20)
app = FastAPI()


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


Opened = Annotated[Session, Depends(session)]


@app.get("/persons/{uid}", response_model=PersonRead)
def person(uid: UUID, session: Opened) -> Person:
    found = session.get(Person, uid)
    if found is None:
        raise HTTPException(404)
    return found


@app.get("/places", response_model=FeatureCollection)
def places(session: Opened, county_code: str, offset: int = 0, limit: int = 100) -> FeatureCollection:
    statement = select(Place, func.ST_AsGeoJSON(Place.geom)).where(Place.county_code == county_code)
    rows = session.exec(statement.order_by(Place.uid).offset(offset).limit(limit))
    return _collection(rows.all())


@app.get("/boxes", response_model=FeatureCollection)
def boxes(
    session: Opened, west: float, south: float, east: float, north: float, limit: int = 1000
) -> FeatureCollection:
    box = func.ST_MakeEnvelope(west, south, east, north, 4490)
    statement = select(Place, func.ST_AsGeoJSON(Place.geom)).where(func.ST_Intersects(Place.geom, box))
    return _collection(session.exec(statement.limit(limit)).all())


def _collection(rows: Any) -> FeatureCollection:
    return FeatureCollection(
        features=[
            Feature(id=place.uid, geometry=json.loads(geometry), properties=PlaceRead.model_validate(place))
            for place, geometry in rows
        ]
    )
