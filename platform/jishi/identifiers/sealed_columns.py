"""The bulk form of sealing: a whole column in a few calls of the cipher, value for value as ``sealing`` does (step
standardise).

Values are sorted by their length in bytes, so that equal lengths lie together as one matrix; each step of CBC-MAC
and of the key stream is then one call over all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hmac import compare_digest

import numpy as np
import numpy.typing as npt
import polars as pl

from jishi.errors import InternalError
from jishi.identifiers.keys import Use
from jishi.identifiers.sealing import BLOCK, HEAD, LAYOUT, LONGEST, Sealer

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.uint32]


def seal_column(sealer: Sealer, values: pl.Series) -> pl.DataFrame:
    """lookup and cipher texts of a column, see ``Sealer.seal_column``."""
    present = values.cast(pl.String).drop_nulls()
    authenticate = sealer.encryptor(Use.LOOKUP_MAC, sealer.seal_byte)
    encrypt = sealer.encryptor(Use.CIPHER, sealer.seal_byte)
    places, lookups, ciphers = [], [], []
    for at, blocks in _messages(present):
        tags = _mac(authenticate, blocks)
        sealed = np.empty((len(blocks), 1 + blocks.shape[1]), dtype=np.uint8)
        sealed[:, 0] = sealer.seal_byte
        np.bitwise_xor(blocks, _stream(encrypt, tags, blocks.shape[1]), out=sealed[:, 1:])
        places.append(at)
        lookups.append(hex_texts(tags))
        ciphers.append("\\x" + hex_texts(sealed))
    frame = pl.DataFrame({"lookup": _together(lookups, places), "cipher": _together(ciphers, places)})
    return frame if len(present) == len(values) else frame.select(pl.all().gather(_positions(values)))


def open_column(sealer: Sealer, lookup: pl.Series, cipher: pl.Series) -> pl.Series:
    """The values of lookup and cipher texts, see ``Sealer.open_column``."""
    present = cipher.is_not_null()
    if (present & lookup.is_null()).any():
        raise InternalError("STO-SEAL-BROKEN")
    tags_text = lookup.filter(present).str.replace_all("-", "", literal=True)
    sealed_text = cipher.filter(present).str.strip_prefix("\\x")
    if not tags_text.str.contains("^[0-9a-f]{32}$").all() or not sealed_text.str.contains("^([0-9a-f]{2})+$").all():
        raise InternalError("STO-SEAL-BROKEN")
    frame = pl.DataFrame({"tag": tags_text, "sealed": sealed_text}).with_row_index("at")
    grouped = frame.group_by(pl.col("sealed").str.slice(0, 2), pl.col("sealed").str.len_bytes().alias("size"))
    places, values = [], []
    for (mark, size), part in grouped:
        if size == 2 or (size - 2) % (2 * BLOCK):
            raise InternalError("STO-SEAL-BROKEN")
        blocks = _from_hex(part["sealed"].str.slice(2))
        tags = _from_hex(part["tag"])
        seal_byte = int(str(mark), 16)
        blocks ^= _stream(sealer.encryptor(Use.CIPHER, seal_byte), tags, blocks.shape[1])
        found = _mac(sealer.encryptor(Use.LOOKUP_MAC, seal_byte), blocks)
        if not compare_digest(found.tobytes(), tags.tobytes()) & _laid_out(blocks):
            raise InternalError("STO-SEAL-BROKEN")
        places.append(part["at"].to_numpy())
        values.append(_texts(blocks))
    opened = _together(values, places)
    return (opened if len(opened) == len(cipher) else opened.gather(_positions(cipher))).alias("value")


def hex_texts(rows: Bytes) -> pl.Series:
    """One text of lower-case hex digits a row."""
    digits = rows.tobytes().hex().encode()
    return pl.Series(np.frombuffer(digits, dtype=f"S{2 * rows.shape[1]}")).cast(pl.String)


def _messages(values: pl.Series) -> Iterator[tuple[Places, Bytes]]:
    """Per length in bytes: the places of its values and their messages as whole blocks (``sealing.message``)."""
    sizes = values.str.len_bytes().to_numpy()
    if not len(sizes):
        return
    if sizes.max() > LONGEST:
        raise InternalError("STO-SEAL-LENGTH", size=int(sizes.max()), longest=LONGEST)
    order = np.argsort(sizes, kind="stable").astype(np.uint32)
    uniform = sizes.min() == sizes.max()
    text = (values if uniform else values.gather(pl.Series(order))).str.join("").item()
    flat = np.frombuffer(text.encode(), dtype=np.uint8)
    start, row = 0, 0
    for size, count in zip(*np.unique(sizes, return_counts=True), strict=True):
        blocks = np.zeros((count, -(-(HEAD + int(size)) // BLOCK) * BLOCK), dtype=np.uint8)
        blocks[:, 0], blocks[:, 1] = LAYOUT, size
        blocks[:, HEAD : HEAD + size] = flat[start : start + count * size].reshape(count, size)
        yield order[row : row + count], blocks
        start, row = start + count * size, row + count


def _mac(encrypt: Callable[[bytes], bytes], blocks: Bytes) -> Bytes:
    state = np.zeros((len(blocks), BLOCK), dtype=np.uint8)
    for start in range(0, blocks.shape[1], BLOCK):
        mixed = (state ^ blocks[:, start : start + BLOCK]).tobytes()
        state = np.frombuffer(encrypt(mixed), dtype=np.uint8).reshape(-1, BLOCK)
    return state


def _stream(encrypt: Callable[[bytes], bytes], tags: Bytes, size: int) -> Bytes:
    counters = np.repeat(tags[:, np.newaxis, :], size // BLOCK, axis=1)
    counters[:, :, -1] ^= np.arange(size // BLOCK, dtype=np.uint8)
    return np.frombuffer(encrypt(counters.tobytes()), dtype=np.uint8).reshape(-1, size)


def _laid_out(blocks: Bytes) -> bool:
    """``sealing._laid_out`` for all rows: layout, as many blocks as the length needs, zeros behind the value."""
    width = blocks.shape[1]
    end = HEAD + blocks[:, 1].astype(np.int32)
    behind = np.arange(width) >= end[:, np.newaxis]
    fits = (blocks[:, 0] == LAYOUT) & (end <= width) & (end > width - BLOCK)
    return bool(fits.all() and not blocks[behind].any())


def _texts(blocks: Bytes) -> pl.Series:
    """The values of authentic messages; their lengths may differ within the last block."""
    clear = pl.Series(hex_texts(blocks[:, HEAD:])) if blocks.shape[1] > HEAD else pl.Series([""] * len(blocks))
    size = pl.Series(blocks[:, 1].astype(np.uint32)) * 2
    parts = pl.DataFrame({"hex": clear, "size": size}).select(pl.col("hex").str.head("size").str.decode("hex"))
    return parts.to_series().cast(pl.String)


def _from_hex(texts: pl.Series) -> Bytes:
    width = int(texts.str.len_bytes()[0]) // 2
    return np.frombuffer(bytes.fromhex(texts.str.join("").item()), dtype=np.uint8).reshape(-1, width).copy()


def _together(parts: list[pl.Series], places: list[Places]) -> pl.Series:
    """Parts of a column in the order of their places."""
    if not parts:
        return pl.Series([], dtype=pl.String)
    if len(parts) == 1 and len(places) == 1 and (np.diff(places[0].astype(np.int64)) == 1).all():
        return parts[0]
    back = np.argsort(np.concatenate(places)).astype(np.uint32)
    return pl.concat(parts, rechunk=True).gather(pl.Series(back))


def _positions(values: pl.Series) -> pl.Series:
    """For each row its place among the values present, null where there is none."""
    present = pl.col("present")
    frame = pl.DataFrame({"present": values.is_not_null()})
    return frame.select(pl.when(present).then(present.cast(pl.UInt32).cum_sum() - 1)).to_series()
