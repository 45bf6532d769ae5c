"""A page of pictures for a browser, without any script and with everything in one file."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

from PIL import Image

from trashseg.pictures.overlay import Picture
from trashseg.pictures.sheet import Tile, tile_picture
from trashseg.types import ClassTable

STYLE = """
body { font: 15px/1.45 sans-serif; margin: 2em auto; max-width: 110em; padding: 0 1em; color: #222 }
.row { display: flex; flex-wrap: wrap; gap: 10px } figure { margin: 0; width: 260px }
img { width: 100%; display: block } figcaption { font-weight: bold; padding: 3px 0 }
code { font-size: 12px; color: #666; word-break: break-word } .key { margin-right: 1.2em; white-space: nowrap }
.key i { display: inline-block; width: 12px; height: 12px; margin-right: 5px; border: 1px solid #888 }
"""


def browse_page(
    rows: Sequence[tuple[str, Sequence[Tile]]], table: ClassTable, title: str, notes: dict[str, str], side: int = 384
) -> str:
    """Return the HTML of a page with every photograph's forms.

    Args:
        rows: name of the photograph and its forms.
        table: the classes, for the colours' meaning.
        title: the heading.
        notes: name of a form -> what stands below it, such as its settings.
        side: of a picture in pixels.
    """
    keys = "".join(
        f'<span class="key"><i style="background:rgb{tuple(int(c) for c in table.palette[k])}"></i>'
        f"{html.escape(name)}</span>"
        for k, name in enumerate(table.names)
        if k
    )
    body = "".join(f"<h2>{html.escape(name)}</h2>{_row(tiles, table, notes, side)}" for name, tiles in rows)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    top = f"<h1>{html.escape(title)}</h1><p>{keys}</p>"
    return f"<!doctype html><html><head>{head}</head><body>{top}{body}</body></html>\n"


def _row(tiles: Sequence[Tile], table: ClassTable, notes: dict[str, str], side: int) -> str:
    figures = "".join(
        f'<figure><img alt="" src="{_data(tile_picture(tile, table, side))}"><figcaption>{html.escape(tile.name)}'
        f"</figcaption><code>{html.escape(notes.get(tile.name, ''))}</code></figure>"
        for tile in tiles
    )
    return f'<div class="row">{figures}</div>'


def _data(picture: Picture) -> str:
    """Return the picture as a JPEG inside its own address."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
