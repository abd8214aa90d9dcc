"""What the networks of system 003 learn from, cut out of whole heads one after the other: no head stays in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from ..coarse_to_fine.cases import FineCase
from ..coarse_to_fine.train import CoarseOptions, Segment, Voi, segment_of, source_of, vois_to_learn
from ..readers import Refusal

#: segments of each kind that are kept, 130 kB each; more steps see some again
MOST_SEGMENTS = 2000


@dataclass(frozen=True)
class Lessons:
    """Segments about aneurysms and elsewhere, and boxes; images as float16."""

    aneurysms: list[Segment] = field(default_factory=list)
    elsewhere: list[Segment] = field(default_factory=list)
    boxes: list[Voi] = field(default_factory=list)

    def drawn_by(self, rng: np.random.Generator) -> Callable[[bool], Segment]:
        """Draws a segment about an aneurysm, or one from elsewhere."""

        def draw(positive: bool) -> Segment:
            among = self.aneurysms if positive else self.elsewhere
            fine, coarse, truth = among[int(rng.integers(len(among)))]
            return fine.float(), coarse.float(), truth.long()

        return draw

    def example(self) -> tuple[torch.Tensor, torch.Tensor]:
        """A few fine and coarse segments of each kind."""
        some = [*self.aneurysms[:12], *self.elsewhere[:12]]
        return torch.stack([fine for fine, _, _ in some]).float(), torch.stack([coarse for _, coarse, _ in some]).float()


def lessons_of(cases: Iterable[FineCase], count: int, options: CoarseOptions, voi: int) -> Lessons:
    """Out of `count` cases; refused where there is nothing to learn."""
    rng, lessons = np.random.default_rng(options.seed), Lessons()
    share = -(-min(options.steps * options.batch // 2 + 1, MOST_SEGMENTS) // count)
    for case in cases:
        source = source_of(case, options.segment, rng)
        for kept, places, positive in ((lessons.aneurysms, source.aneurysm, True), (lessons.elsewhere, source.normal, False)):
            kept += [_small(segment_of(source, options.segment, rng, positive)) for _ in range(share if len(places) else 0)]
        lessons.boxes.extend((channels.astype(np.float16), truth) for channels, truth in vois_to_learn([case], voi, rng))
    if not any(truth.any() for _, truth in lessons.boxes):
        raise Refusal("NO_ANEURYSM", "train", "holds no aneurysm apart from treated ones; add cases or choose another seed")
    if not lessons.elsewhere:
        raise Refusal("NO_ARTERIES", "train", "holds no scan in which the bundle's network finds arteries; are they angiograms in time-of-flight technique?")
    return lessons


def _small(segment: Segment) -> Segment:
    fine, coarse, truth = segment
    return fine.half(), coarse.half(), truth.to(torch.int8)
