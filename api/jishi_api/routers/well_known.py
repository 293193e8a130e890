"""``/.well-known/…``: the public keys by which anybody checks receipts and seals offline (road out)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access import signing
from jishi.access.signing import Purpose
from jishi_api.serving import serving_of

router = APIRouter(prefix="/.well-known", tags=["well-known"])

JWKS = "application/jwk-set+json"
KEPT_S = 3600


@router.get("/jishi-receipt-keys.json", summary="回执公钥 keys that sign receipts of verifications (JWK set)")
async def receipt_keys(request: Request) -> Response:
    """Retired keys stay, so that older receipts can be checked; a withdrawn one is gone."""
    return await _keys(request, "receipt")


@router.get("/jishi-seal-keys.json", summary="封印公钥 keys that sign seals of the disclosure log (JWK set)")
async def seal_keys(request: Request) -> Response:
    """For ``jishi audit verify --file … --keys …`` on another machine."""
    return await _keys(request, "seal")


async def _keys(request: Request, use: Purpose) -> Response:
    async with serving_of(request).connection() as connection:
        keys = await signing.public_keys(connection, use)
    headers = {"Cache-Control": f"public, max-age={KEPT_S}"}
    return JSONResponse({"keys": keys}, media_type=JWKS, headers=headers)
