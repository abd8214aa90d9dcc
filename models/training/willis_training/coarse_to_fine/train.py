"""Training of both stages on 0.5 mm cases, and the cross-validation and ablation of the paper."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from .cases import FineCase, folds_by_subject
from .contour import channels_of
from .deepmedic import LOST, WIDTHS, DeepMedic, coarse_view
from .losses import soft_dice, weighted_dice_loss
from .se_unet import FineNetwork, FineSizes
from ..metrics import dice, hausdorff, volume_similarity


#: how far a VOI is moved from its aneurysm, voxels
SHIFT = 4


@dataclass(frozen=True)
class CoarseOptions:
    """The public defaults (RMSProp 1e-3, L1 1e-6, L2 1e-4, batch 10, segments of 37); steps instead of sub-epochs."""

    steps: int = 700
    batch: int = 10
    segment: int = 37
    widths: tuple[int, ...] = WIDTHS
    joined: int = 250
    learning_rate: float = 1e-3
    seed: int = 1


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


def train_coarse(cases: list[FineCase], options: CoarseOptions) -> DeepMedic:
    """Half of the segments are centred on an aneurysm (dilated to at least 3 mm radius), half on anything else in arteries."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    network = DeepMedic(1, options.widths, options.joined).train()
    optimiser = torch.optim.RMSprop(network.parameters(), options.learning_rate, alpha=0.9, eps=1e-4, weight_decay=1e-4, momentum=0.6)
    milestones = [int(part / 35 * options.steps) for part in (17, 22, 27, 30, 33)]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, milestones, 0.5)
    prepared = [(channels_of(c.image, c.arteries)[0], coarse_truth(c)) for c in cases]
    for step in range(options.steps):
        parts = [_segment(prepared, cases, options.segment, rng, (step * options.batch + k) % 2 == 0) for k in range(options.batch)]
        fine, coarse, truth = (torch.stack(v) for v in zip(*parts))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(fine, coarse)
        lasso = sum(w.abs().sum() for w in network.parameters() if w.dim() > 1)
        loss = functional.cross_entropy(logits.float(), truth) + 1e-6 * lasso
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def coarse_truth(case: FineCase, spacing: float = 0.5) -> np.ndarray:
    """Aneurysms grown by 1.5 mm, and to a radius of 3 mm at least: small ones count as much as large ones."""
    grown = np.zeros(case.aneurysms.shape, bool)
    for number in range(1, int(case.aneurysms.max()) + 1):
        sac = case.aneurysms == number
        if sac.any():
            radius = (3 * sac.sum() * spacing**3 / (4 * np.pi)) ** (1 / 3)
            grown |= ndimage.distance_transform_edt(~sac, spacing) <= max(1.5, 3.0 - radius)
    return grown


def train_fine(cases: list[FineCase], options: FineOptions) -> FineNetwork:
    """VOIs about aneurysms, mirrored and shifted as a candidate is."""
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    network = FineNetwork(options.sizes).train()
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4 * options.learning_rate, options.steps + 1)
    vois = [v for case in cases for v in vois_of(case, options.voi + 2 * SHIFT, _sacs(case))]
    for _ in range(options.steps):
        channels, truth = vois[int(rng.integers(len(vois)))]
        box = tuple(slice(s, s + options.voi) for s in rng.integers(0, 2 * SHIFT + 1, 3))
        flips = [axis for axis in range(3) if rng.random() < 0.5]
        channels, truth = np.flip(channels[(slice(None), *box)], [1 + a for a in flips]).copy(), np.flip(truth[box], flips).copy()
        used = channels if options.sizes.contour else channels[:1]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not options.exact):
            logits = network(torch.from_numpy(used)[None])
        probability = torch.softmax(logits.float(), 1)[:, 1]
        target = torch.from_numpy(truth.astype(np.float32))[None]
        loss = weighted_dice_loss(probability, target, options.beta) if options.beta > 0 else -soft_dice(probability, target).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network.eval()


def vois_of(case: FineCase, size: int, centres: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(channels [2,s,s,s], truth [s,s,s]) about each centre; outside the case is 0."""
    channels = channels_of(case.image, case.arteries)
    half = size // 2
    padded, truth = np.pad(channels, ((0, 0), *((half, half),) * 3)), np.pad(case.aneurysms > 0, half)
    boxes = [tuple(slice(int(round(v)), int(round(v)) + size) for v in centre) for centre in centres]
    # copies: a view would keep the whole case in memory
    return [(padded[(slice(None), *box)].copy(), truth[box].copy()) for box in boxes]


def _sacs(case: FineCase) -> list[np.ndarray]:
    return [np.argwhere(case.aneurysms == k).mean(0) for k in range(1, int(case.aneurysms.max()) + 1) if (case.aneurysms == k).any()]


def fine_scores(network: FineNetwork, cases: list[FineCase], options: FineOptions, spacing: float = 0.5) -> dict[str, float]:
    """Mean DSC, HD95 (mm) and VS over VOIs about true aneurysms."""
    rows = []
    for case in cases:
        for channels, truth in vois_of(case, options.voi, _sacs(case)):
            with torch.no_grad():
                logits = network(torch.from_numpy(channels if options.sizes.contour else channels[:1])[None])
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


def _segment(
    prepared: list[tuple[np.ndarray, np.ndarray]], cases: list[FineCase], size: int, rng: np.random.Generator, positive: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    half, out = (size - 1) // 2, size - LOST
    number = int(rng.integers(len(cases)))
    image, truth = prepared[number]
    places = np.argwhere(truth if positive and truth.any() else cases[number].arteries & ~truth)
    centre = places[int(rng.integers(len(places)))] + half
    padded = torch.from_numpy(np.pad(image, half)[None])
    target = np.pad(truth, half)
    fine = padded[(slice(None), *(slice(c - half, c + half + 1) for c in centre))]
    middle = tuple(slice(c - (out - 1) // 2, c - (out - 1) // 2 + out) for c in centre)
    return fine, coarse_view(padded, tuple(int(c) for c in centre), size), torch.from_numpy(target[middle].astype(np.int64))
