"""Training of both stages on 0.5 mm cases, and the cross-validation and ablation of the paper."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from .cases import FineCase, folds_by_subject
from .contour import channels_of
from .deepmedic import COARSER, LOST, WIDTHS, DeepMedic, coarse_view
from .losses import soft_dice, weighted_dice_loss
from .reader import SMALLEST_ARTERY_MM3, SPACING_MM
from .se_unet import FineNetwork, FineSizes
from .stored import StoredArteries
from .variation import as_another_scanner
from .vessels import ArteryNetwork, extract_arteries
from ..checkpoints import Draws, KeptSteps
from ..compute import device, home_of, mixed
from ..metrics import dice, hausdorff, volume_similarity


#: share of the cases that another scanner took, for DeepMedic and the outline network
VARIED = 0.6
#: how far a VOI is moved from its aneurysm, voxels
SHIFT = 4
#: share of the VOIs that lie about normal arteries
NORMAL_SHARE = 0.25
#: distance of a normal place from the middle of any aneurysm, voxels of 0.5 mm: beyond the box about it
NORMAL_VOXELS = 48
#: a sac of 3 mm diameter
SMALL_SAC_VOXELS = 113


@dataclass(frozen=True)
class CoarseOptions:
    """The public defaults (RMSProp 1e-3, L1 1e-6, L2 1e-4, batch 10, segments of 37); steps instead of sub-epochs.

    `as_used`: batch normalisation keeps the statistics it starts with, as the exported network does.
    """

    steps: int = 700
    batch: int = 10
    segment: int = 37
    widths: tuple[int, ...] = WIDTHS
    joined: int = 250
    learning_rate: float = 1e-3
    seed: int = 1
    as_used: bool = False


@dataclass(frozen=True)
class FineOptions:
    """Adam 5e-4, batch 1, VOI of 64; `beta` of the weighted Dice loss (0 is the plain Dice loss)."""

    sizes: FineSizes = FineSizes()
    steps: int = 500
    voi: int = 64
    beta: float = 1.0
    learning_rate: float = 5e-4
    seed: int = 1
    #: float32 products: several times slower, but one thread gives the same weights every time
    exact: bool = False


def as_read(case: FineCase, network: ArteryNetwork | StoredArteries, rng: np.random.Generator) -> FineCase:
    """The case as the later networks meet it: some taken by another scanner, arteries as they are found."""
    image = as_another_scanner(case.image, rng) if rng.random() < VARIED else case.image
    return replace(case, image=image, arteries=extract_arteries(network, image, SMALLEST_ARTERY_MM3, SPACING_MM**3))


#: fine and coarse segment [1,s,s,s], [1,k,k,k], and which voxels of the output are aneurysm: 1, 0, or IGNORED
Segment = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
#: what cross entropy leaves out
IGNORED = -100


def train_coarse(cases: list[FineCase], options: CoarseOptions, start: DeepMedic | None = None, checkpoint: Path | None = None) -> DeepMedic:
    """Half of the segments are centred on an aneurysm (dilated to at least 3 mm radius), half on anything else in arteries; mirrored at random.

    Goes on from the checkpoint.
    """
    rng = np.random.default_rng(options.seed)
    sources = [source_of(c, options.segment, rng) for c in cases]
    return fit_coarse(lambda positive: segment_of(sources[int(rng.integers(len(sources)))], options.segment, rng, positive), options, start, (rng, checkpoint))


def fit_coarse(
    draw: Callable[[bool], Segment], options: CoarseOptions, start: DeepMedic | None = None, kept: tuple[np.random.Generator, Path | None] | None = None
) -> DeepMedic:
    """On segments as they are drawn, about aneurysms and elsewhere in turn; `kept` are what draws them, and the checkpoint."""
    torch.manual_seed(options.seed)
    network = (start or DeepMedic(1, options.widths, options.joined)).to(device()).train()
    for module in network.modules():
        if options.as_used and isinstance(module, torch.nn.BatchNorm3d):
            module.eval()
    optimiser = torch.optim.RMSprop(network.parameters(), options.learning_rate, alpha=0.9, eps=1e-4, weight_decay=1e-4, momentum=0.6)
    milestones = [int(part / 35 * options.steps) for part in (17, 22, 27, 30, 33)]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, milestones, 0.5)
    rng, file = kept or (np.random.default_rng(), None)
    steps = KeptSteps("DeepMedic", options.steps, file, {"network": network, "optimiser": optimiser, "schedule": schedule, "draws": Draws(rng)})
    for step in steps.remaining():
        parts = [draw((step * options.batch + k) % 2 == 0) for k in range(options.batch)]
        fine, coarse, truth = (torch.stack(v).to(device()) for v in zip(*parts))
        with mixed(device()):
            logits = network(fine, coarse)
        lasso = sum(w.abs().sum() for w in network.parameters() if w.dim() > 1)
        loss = functional.cross_entropy(logits.float(), truth) + 1e-6 * lasso
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.cpu().eval()


def coarse_truth(numbers: np.ndarray, spacing: float = 0.5) -> np.ndarray:
    """Numbered aneurysms grown by 1.5 mm, and to a radius of 3 mm at least: small ones count as much as large ones."""
    grown = np.zeros(numbers.shape, bool)
    reach = int(np.ceil(3 / spacing)) + 1
    for number, found in enumerate(ndimage.find_objects(numbers), start=1):
        if found is not None:
            box = tuple(slice(max(0, b.start - reach), b.stop + reach) for b in found)
            sac = numbers[box] == number
            radius = (3 * sac.sum() * spacing**3 / (4 * np.pi)) ** (1 / 3)
            grown[box] |= ndimage.distance_transform_edt(~sac, spacing) <= max(1.5, 3.0 - radius)
    return grown


#: channels [2,s,s,s] (vessels, contour) and aneurysm [s,s,s]
Voi = tuple[np.ndarray, np.ndarray]


def train_fine(cases: list[FineCase], options: FineOptions, start: FineNetwork | None = None, checkpoint: Path | None = None) -> FineNetwork:
    """VOIs about aneurysms and, for a quarter of the steps, about normal arteries; mirrored, shifted as a candidate is, of varied brightness and noise.

    Goes on from the checkpoint.
    """
    rng = np.random.default_rng(options.seed)
    return fit_fine(vois_to_learn(cases, options.voi, rng), options, rng, start, checkpoint)


def vois_to_learn(cases: Iterable[FineCase], voi: int, rng: np.random.Generator) -> list[Voi]:
    """About every aneurysm and a normal place of each case, wider than a VOI by what it is shifted."""
    return [v for case in cases for v in vois_of(case, voi + 2 * SHIFT, sacs_of(case) + _normal_places(case, rng))]


def fit_fine(
    about: list[Voi], options: FineOptions, rng: np.random.Generator, start: FineNetwork | None = None, checkpoint: Path | None = None
) -> FineNetwork:
    """On VOIs that hold an aneurysm, at least one, and those that do not."""
    torch.manual_seed(options.seed)
    network = (start or FineNetwork(options.sizes)).to(device()).train()
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4 * options.learning_rate, options.steps + 1)
    vois, normals = ([v for v in about if v[1].any() == wanted] for wanted in (True, False))
    steps = KeptSteps("outline", options.steps, checkpoint, {"network": network, "optimiser": optimiser, "schedule": schedule, "draws": Draws(rng)})
    for _ in steps.remaining():
        drawn = normals if normals and rng.random() < NORMAL_SHARE else vois
        channels, truth = _varied(*drawn[int(rng.integers(len(drawn)))], options.voi, rng)
        used = channels if options.sizes.contour else channels[:1]
        with mixed(device(), not options.exact):
            logits = network(torch.from_numpy(used)[None].to(device()))
        probability = torch.softmax(logits.float(), 1)[:, 1]
        loss = outline_loss(probability, torch.from_numpy(truth.astype(np.float32))[None].to(device()), options.beta)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network.cpu().eval()


def outline_loss(probability: torch.Tensor, truth: torch.Tensor, beta: float) -> torch.Tensor:
    """The weighted Dice loss; where there is nothing to outline, which Dice cannot weigh, what was outlined against a small sac's volume."""
    if not truth.any():
        outlined = (probability**2).sum()
        return outlined / (outlined + SMALL_SAC_VOXELS)
    return weighted_dice_loss(probability, truth, beta) if beta > 0 else -soft_dice(probability, truth).mean()


def _varied(channels: np.ndarray, truth: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    box = tuple(slice(s, s + size) for s in rng.integers(0, 2 * SHIFT + 1, 3))
    flips = [axis for axis in range(3) if rng.random() < 0.5]
    channels, truth = np.flip(channels[(slice(None), *box)], [1 + a for a in flips]).astype(np.float32), np.flip(truth[box], flips).copy()
    vessel = channels[0] * rng.uniform(0.85, 1.15) + rng.uniform(-0.25, 0.25) + rng.uniform(0, 0.3) * rng.standard_normal(truth.shape, np.float32)
    channels[0] = np.where(channels[0] == 0, 0, vessel)
    return channels, truth


def _normal_places(case: FineCase, rng: np.random.Generator) -> list[np.ndarray]:
    """A place of an artery, none if an aneurysm's middle is within NORMAL_VOXELS of the first that is drawn."""
    places = np.argwhere(case.arteries)
    if not len(places):
        return []
    place = places[int(rng.integers(len(places)))].astype(float)
    return [place] if all(np.linalg.norm(place - sac) > NORMAL_VOXELS for sac in sacs_of(case)) else []


def vois_of(case: FineCase, size: int, centres: list[np.ndarray]) -> list[Voi]:
    """About each centre; outside the case is 0. One that what is left out reaches into is no lesson, and is none here."""
    channels = channels_of(case.image, case.arteries)
    half = size // 2
    padded, truth = np.pad(channels, ((0, 0), *((half, half),) * 3)), np.pad(case.aneurysms > 0, half)
    boxes = [tuple(slice(int(round(v)), int(round(v)) + size) for v in centre) for centre in centres]
    left_out = np.zeros(truth.shape, bool) if case.left_out is None else np.pad(case.left_out > 0, half)
    # copies: a view would keep the whole case in memory
    return [(padded[(slice(None), *box)].copy(), truth[box].copy()) for box in boxes if not left_out[box].any()]


def sacs_of(case: FineCase) -> list[np.ndarray]:
    return [np.argwhere(case.aneurysms == k).mean(0) for k in range(1, int(case.aneurysms.max()) + 1) if (case.aneurysms == k).any()]


def fine_scores(network: FineNetwork, cases: list[FineCase], options: FineOptions, spacing: float = 0.5) -> dict[str, float]:
    """Mean DSC, HD95 (mm) and VS over VOIs about true aneurysms."""
    rows = []
    for case in cases:
        for channels, truth in vois_of(case, options.voi, sacs_of(case)):
            with torch.no_grad():
                logits = network(torch.from_numpy(channels if options.sizes.contour else channels[:1])[None].to(home_of(network))).cpu()
            found = torch.softmax(logits, 1)[0, 1].numpy() >= 0.5
            rows.append((dice(truth, found), hausdorff(truth, found, (spacing,) * 3, 95), volume_similarity(truth, found)))
    table = np.array(rows)
    return {"dsc": float(np.nanmean(table[:, 0])), "hd95Mm": float(np.nanmean(table[:, 1])) if np.isfinite(table[:, 1]).any() else float("nan"),
            "vs": float(np.nanmean(table[:, 2])), "vois": len(rows)}


#: the ablation of the paper: contour channel, weighted Dice loss; and squeeze and excitation, which it does not ablate
ABLATION = {"baseline": (False, 0.0, True), "contour": (True, 0.0, True), "weighted loss": (False, 1.0, True), "proposed": (True, 1.0, True),
            "proposed without excitation": (True, 1.0, False)}


def ablate(train: list[FineCase], test: list[FineCase], options: FineOptions) -> dict[str, dict[str, float]]:
    """Short trainings of every switch on the same cases."""
    rows = {}
    for name, (contour, beta, excitation) in ABLATION.items():
        own = replace(options, beta=beta, sizes=replace(options.sizes, contour=contour, excitation=excitation))
        rows[name] = fine_scores(train_fine(train, own), test, own)
    return rows


def cross_validate(cases: list[FineCase], options: FineOptions, folds: int = 5) -> list[dict[str, float]]:
    """The fine network on every fold, folds by subject."""
    split = folds_by_subject([c.subject for c in cases], folds, options.seed)
    return [fine_scores(train_fine([cases[k] for k in inside], options), [cases[k] for k in outside], options) for inside, outside in split]


def segments_of(cases: list[FineCase], options: CoarseOptions) -> tuple[torch.Tensor, torch.Tensor]:
    """A few segments, fine and coarse."""
    rng = np.random.default_rng(options.seed)
    parts = [segment_of(source, options.segment, rng, k % 2 == 0) for source in (source_of(c, options.segment, rng) for c in cases) for k in range(6)]
    return torch.stack([fine for fine, _, _ in parts]), torch.stack([coarse for _, coarse, _ in parts])


@dataclass(frozen=True)
class Source:
    """Where segments of a case are cut: padded vessel image and truth (as in a Segment) [z,y,x], and the middles that are drawn (voxels of the case)."""

    vessel: np.ndarray
    truth: np.ndarray
    aneurysm: np.ndarray
    normal: np.ndarray


#: places of normal artery that are kept of a case: enough to draw from, a fraction of the memory
NORMAL_PLACES = 20_000


def source_of(case: FineCase, segment: int, rng: np.random.Generator) -> Source:
    """float16 and places drawn once: a hundred cases stay within memory, and no step searches a volume."""
    truth, half = coarse_truth(case.aneurysms).astype(np.int8), (segment - 1) // 2
    if case.left_out is not None:
        truth[coarse_truth(case.left_out) & (truth == 0)] = IGNORED
    normal = np.argwhere(case.arteries & (truth == 0))
    kept = normal[rng.permutation(len(normal))[:NORMAL_PLACES]]
    vessel = channels_of(case.image, case.arteries)[0].astype(np.float16)
    return Source(np.pad(vessel, half), np.pad(truth, half), np.argwhere(truth == 1), kept)


def segment_of(source: Source, size: int, rng: np.random.Generator, positive: bool) -> Segment:
    half, out = (size - 1) // 2, size - LOST
    places = source.aneurysm if positive and len(source.aneurysm) else source.normal
    centre = places[int(rng.integers(len(places)))] + half
    padded = torch.from_numpy(source.vessel[None])
    fine = padded[(slice(None), *(slice(c - half, c + half + 1) for c in centre))]
    middle = tuple(slice(c - (out - 1) // 2, c - (out - 1) // 2 + out) for c in centre)
    coarse = coarse_view(padded, (int(centre[0]), int(centre[1]), int(centre[2])), size)
    # the coarse cells lie about the middle of the output where its side is a multiple of three: only then a mirror keeps them there
    flips = [axis for axis in range(3) if out % COARSER == 0 and rng.random() < 0.5]
    truth = torch.from_numpy(source.truth[middle].astype(np.int64))
    beyond = [1 + axis for axis in flips]
    return fine.float().flip(beyond), coarse.float().flip(beyond), truth.flip(flips)
