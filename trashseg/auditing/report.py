"""Everything that an audit leaves behind."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from trashseg.auditing.audit import Audit
from trashseg.auditing.coco import write_coco
from trashseg.auditing.document import Card, render
from trashseg.auditing.sheet import NUM_WORST, audit_sheet
from trashseg.auditing.tables import write_tables
from trashseg.auditing.tiles import Tiles, draw_tiles
from trashseg.files import atomic_file
from trashseg.pictures import save_png
from trashseg.pictures.overlay import Picture

_QUALITY = 80


def write_audit(folder: Path, audit: Audit, *, num_shown: int, side: int) -> list[Path]:
    """Write page, picture, tables and COCO files into ``folder`` and return their paths.

    Args:
        folder: where to.
        audit: what was found.
        num_shown: suspects on the page, at most.
        side: of a picture on the page, pixels.
    """
    shown = audit.suspects[:num_shown]
    worst: dict[int, Tiles] = {}
    pictures: dict[int, tuple[str, ...]] = {}
    for suspect, tiles in draw_tiles(audit, shown, side):
        pictures[suspect.rank] = tuple(map(data_uri, tiles[:3]))
        if suspect.rank <= NUM_WORST:
            worst[suspect.rank] = tiles
    page, sheet = folder / "audit.html", folder / "audit.png"
    with atomic_file(page) as temporary:
        temporary.write_text(render(audit, [Card(s, pictures[s.rank]) for s in shown]), encoding="utf-8")
    if worst:
        names, pairs = audit.labels.prepared.names, [(suspect, worst[suspect.rank]) for suspect in shown[:NUM_WORST]]
        title = (
            f"The {len(pairs)} most doubtful of {len(audit.regions)} regions in {len(audit.pixel_scores)} photographs"
        )
        save_png(sheet, audit_sheet(pairs, names, audit.labels.table, side, title))
    return [page, *([sheet] if worst else []), *write_tables(folder, audit), *write_coco(folder, audit)]


def data_uri(picture: Picture) -> str:
    """Return a picture as an address that holds it, a JPEG."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
