"""Where marks lie on a volume: three views with axes in mm, every mark ringed and numbered, over a plain outline of a head or over
projections of a volume whose licence allows that."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

#: half the width that a view shows (mm), pixels a millimetre, room about a view for its axis and words (pixels)
HALF, SCALE, ROOM = 110.0, 1.4, 34
#: drawn larger and reduced, so that lines are smooth
FINER = 2
ORANGE, YELLOW, GREY, FAINT = (230, 159, 0), (240, 228, 66), (150, 150, 150), (70, 70, 70)
#: the colours of a file: grey in steps, and the two of marks and letters on their way to black; few, so that projections stay small
PALETTE = [(v, v, v) for v in range(0, 256, 15)] + [tuple(round(c * share) for c in colour) for colour in (ORANGE, YELLOW) for share in (1, 0.75, 0.5)]
#: title, axes across and down of (x, y, z), letters at the borders left, right, top, bottom
VIEWS = (("from below", 0, 1, "RLAP"), ("from the front", 0, 2, "RLSI"), ("from the left", 1, 2, "APSI"))


@dataclass(frozen=True)
class Mark:
    """Centre (x, y, z) in LPS mm from the middle of the picture; radius in mm."""

    centre: tuple[float, float, float]
    radius: float


@dataclass(frozen=True)
class Outline:
    """An ellipsoid in place of a head: its radii in mm, and between which z the series lies."""

    radii: tuple[float, float, float]
    z: tuple[float, float]


@dataclass(frozen=True)
class Projected:
    """A volume [z,y,x] in LPS orientation, spacing (x, y, z) in mm, and the values shown black and white; its middle is that of the picture."""

    volume: np.ndarray
    spacing: tuple[float, float, float]
    window: tuple[float, float]


def draw_marks(marks: list[Mark], behind: Outline | Projected, file: Path, caption: str) -> None:
    """Writes one PNG with the three views side by side."""
    edge = int(2 * HALF * SCALE)
    size = (3 * (edge + ROOM) + ROOM, edge + 3 * ROOM)
    sheet = Image.new("RGB", (size[0] * FINER, size[1] * FINER))
    pen = ImageDraw.Draw(sheet)
    for k, (title, across, down, letters) in enumerate(VIEWS):
        view = _View(pen, (ROOM + k * (edge + ROOM), ROOM), across, down)
        if isinstance(behind, Outline):
            view.outline(behind)
        else:
            sheet.paste(_projection(behind, across, down, edge * FINER), view.at((-HALF, -HALF)))
        view.frame(title, letters, edge)
        for number, mark in enumerate(marks, start=1):
            view.ring(mark, str(number))
    pen.text((ROOM * FINER, (size[1] - ROOM * 0.8) * FINER), caption, GREY, font=_font(12))
    file.parent.mkdir(parents=True, exist_ok=True)
    small = sheet.resize(size, Image.Resampling.LANCZOS)
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in PALETTE for value in colour])
    small.quantize(palette=palette, dither=Image.Dither.NONE).save(file, optimize=True)


def pictures_of(folder: Path, names: list[str]) -> str:
    """Markdown of those pictures of volumes that lie in the folder of a bundle, each after an empty line."""
    stems = [name.split(".")[0] for name in names]
    return "".join(f"\n![marks on {stem}]({stem}.png)\n{_licence(folder, stem)}" for stem in stems if (folder / f"{stem}.png").exists())


def _licence(folder: Path, stem: str) -> str:
    file = f"{stem}.LICENSE.txt"
    return f"\n[Licence of {stem}]({file})\n" if (folder / file).exists() else ""


class _View:
    """One view: across and down are axes of (x, y, z); z grows upwards on the picture."""

    def __init__(self, pen: ImageDraw.ImageDraw, corner: tuple[int, int], across: int, down: int) -> None:
        self.pen, self.corner, self.across, self.down = pen, corner, across, down

    def at(self, mm: tuple[float, float]) -> tuple[int, int]:
        """Pixel of a place on the view, mm from its middle, downwards on the picture."""
        return tuple(round((c + (v + HALF) * SCALE) * FINER) for c, v in zip(self.corner, mm))  # type: ignore[return-value]

    def place(self, point: tuple[float, float, float]) -> tuple[float, float]:
        """Where a point (x, y, z) lies on the view."""
        return point[self.across], -point[2] if self.down == 2 else point[self.down]

    def outline(self, head: Outline) -> None:
        """The ellipse of the head, and dashed where the series begins and ends."""
        a, b = head.radii[self.across], head.radii[self.down]
        self.pen.ellipse((*self.at((-a, -b)), *self.at((a, b))), outline=GREY, width=2 * FINER)
        if self.down == 2:
            for z in head.z:
                for start in np.arange(-HALF, HALF, 8):
                    self.pen.line((*self.at((start, -z)), *self.at((start + 4, -z))), FAINT, FINER)

    def frame(self, title: str, letters: str, edge: int) -> None:
        """Title, directions, and an axis with a stroke every 50 mm."""
        left, right, top, bottom = letters
        for text, place, anchor in ((left, (-HALF + 5, 0), "lm"), (right, (HALF - 5, 0), "rm"), (top, (0, -HALF + 4), "ma"), (bottom, (0, HALF - 4), "md")):
            self.pen.text(self.at(place), text, YELLOW, font=_font(13), anchor=anchor, **_HALO)
        self.pen.rectangle((*self.at((-HALF, -HALF)), *self.at((HALF, HALF))), outline=FAINT, width=FINER)
        self.pen.text(self.at((-HALF, -HALF - 4)), title, (255, 255, 255), font=_font(13), anchor="ld")
        for mm in (-100, -50, 0, 50, 100):
            self.pen.line((*self.at((mm, HALF)), *self.at((mm, HALF + 4))), GREY, FINER)
            self.pen.text(self.at((mm, HALF + 5)), f"{mm} mm" if mm == 0 else str(mm), GREY, font=_font(10), anchor="ma")
            self.pen.line((*self.at((-HALF - 4, mm)), *self.at((-HALF, mm))), GREY, FINER)

    def ring(self, mark: Mark, number: str) -> None:
        """A ring, its number beside it on the outer side."""
        x, y = self.place(mark.centre)
        r = mark.radius
        self.pen.ellipse((*self.at((x - r, y - r)), *self.at((x + r, y + r))), outline=ORANGE, width=2 * FINER)
        outwards = 1 if x >= 0 else -1
        self.pen.text(self.at((x + outwards * (r + 2), y)), number, ORANGE, font=_font(12), anchor="lm" if outwards > 0 else "rm", **_HALO)


def _projection(behind: Projected, across: int, down: int, edge: int) -> Image.Image:
    """The greatest value along the third axis, on the square of the view."""
    flat = behind.volume.max(2 - (3 - across - down)).astype(np.float32)
    low, high = behind.window
    grey = (np.clip((flat - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(grey[::-1] if down == 2 else grey)
    pixels = [round(n * behind.spacing[axis] * SCALE * FINER) for n, axis in zip(image.size, (across, down))]
    square = Image.new("L", (edge, edge))
    square.paste(image.resize((pixels[0], pixels[1]), Image.Resampling.BILINEAR), ((edge - pixels[0]) // 2, (edge - pixels[1]) // 2))
    return square.convert("RGB")


#: words stand out from a bright projection
_HALO: dict[str, Any] = {"stroke_width": FINER, "stroke_fill": (0, 0, 0)}


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * FINER)
