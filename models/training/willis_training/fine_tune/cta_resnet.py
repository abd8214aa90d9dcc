"""A cta-resnet bundle goes on training: its trunk on crops of real scans, selection and regression anew on subjects the trunk has not seen.

Four parts by subject: trunk and fit (of the split's training part), validation for the threshold, test for the figures.
"""

import json
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..compute import device, mixed
from ..cta_resnet.bundle import LIMITS, Manifest, Material, write_bundle
from ..cta_resnet.crops import Crop
from ..cta_resnet.network import CandidateNetwork
from ..cta_resnet.scans import BUDGET
from ..cta_resnet.stored import golden_crops, load_bundle
from ..cta_resnet.train import moved
from ..haemorrhage.train_slices import CellScale, map_loss
from ..readers import Case, Refusal
from ..staged import staged
from .cta_scans import ReadScan, read_scan, require_placed
from .descent import Course, descend
from .order import Order
from .provenance import told_of
from .refused import read_or_name_all

#: of the subjects with an aneurysm in the training part, those that selection and regression are fitted on: nested folds need three at least
FIT_SHARE, LEAST_FIT = 1 / 3, 3
#: groups of scans whose crops something is fitted to
LEARNT = ("trunk", "fit")
PROPOSALS = ("Judges places that a proposal stage has found: an aneurysm it does not propose is missed, and what it proposes elsewhere is "
             "marked several times a scan")
#: below so many test scans their resampling tells too little of others
ENOUGH = 30
FEW = "Measured on {} scans: intervals by resampling so few are too narrow to go by"
UNMEASURED = "Where aneurysms of the data set were marked as points alone, a mark within 5 mm counts as found, and the map was not measured"


@dataclass(frozen=True)
class CtaFineTuneOptions:
    """Steps of crops, half of them aneurysms, at small learning rates."""

    steps: int = 600
    batch: int = 24
    trunk_rate: float = 5e-5
    head_rate: float = 2e-4
    seed: int = 1


def train_on(parts: dict[str, list[Case]], order: Order) -> None:
    """Checks, reads and cuts every scan, trains, fits, measures on the test part, writes."""
    init = json.loads((order.init / "model.json").read_text())
    network = load_bundle(order.init)
    groups = divided(parts, order.seed)
    scans = read_all(groups, init["accepts"], order.seed)
    crops = {group: [c for scan in found for c in scan.crops] for group, found in scans.items()}
    for group, found in crops.items():
        if all(c.aneurysm for c in found):
            raise Refusal("NO_NEGATIVE", group, "holds no place that is proposed apart from aneurysms; add cases or choose another seed")
    network = fine_tune(network, crops["trunk"], CtaFineTuneOptions(steps=order.steps, seed=order.seed))
    diameters = np.concatenate([s.proposed.diameters for s in scans["trunk"]])
    training = {"data": order.description(parts), "seed": order.seed, "date": order.date, "steps": order.steps,
                "startedFrom": f"{init['id']} {init['version']}", "scans": {group: len(cases) for group, cases in groups.items()},
                "aneurysms": len(diameters), "outlined": int((~np.isnan(diameters)).sum())}
    proposed = {group: [s.proposed for s in scans[group]] for group in ("validation", "test")}
    material = Material(crops["fit"], crops["test"], proposed["validation"], proposed["test"], {}, golden_crops(order.init))
    with staged(order.out) as folder:
        manifest = write_bundle(network, material, folder, training, lambda made: _told(made, init, order, parts))
    print(_summary(manifest))


def divided(parts: dict[str, list[Case]], seed: int) -> dict[str, list[Case]]:
    """The training part in two by subject, aneurysms in both; a scan whose aneurysm has no place, and a part without any, are refused."""
    for cases in parts.values():
        for case in cases:
            require_placed(case)
    for part, cases in parts.items():
        if not _positive(cases):
            raise Refusal("NO_ANEURYSM", part, "holds no untreated aneurysm; add cases or choose another seed")
    with_aneurysm = _positive(parts["train"])
    without = sorted({c.subject for c in parts["train"]} - set(with_aneurysm))
    if len(with_aneurysm) <= LEAST_FIT:
        raise Refusal("TOO_FEW_SUBJECTS", "the training part", f"has {len(with_aneurysm)} subjects with an aneurysm; the trunk needs one, selection and regression "
                      f"{LEAST_FIT} others")
    rng = np.random.default_rng([41, seed])
    fit = {str(s) for kind, least in ((with_aneurysm, LEAST_FIT), (without, 0)) for s in rng.permutation(kind)[: max(least, int(len(kind) * FIT_SHARE))]}
    return {"trunk": [c for c in parts["train"] if c.subject not in fit], "fit": [c for c in parts["train"] if c.subject in fit],
            "validation": parts["validation"], "test": parts["test"]}


def read_all(groups: dict[str, list[Case]], accepts: dict, seed: int) -> dict[str, list[ReadScan]]:  # type: ignore[type-arg]
    """Every scan, cut; where some are refused, all are named before the first step."""
    subjects = {s: k for k, s in enumerate(sorted({c.subject for cases in groups.values() for c in cases}))}

    def read(group: str, number: int, case: Case) -> ReadScan:
        scan = read_scan(case, subjects[case.subject], accepts, seed, group in LEARNT)
        print(f"{group} {number} of {len(groups[group])}: {len(scan.proposed.diameters)} aneurysms, {int(scan.proposed.standing.sum())} places proposed", flush=True)
        return scan

    return read_or_name_all(groups, read)


def fine_tune(network: CandidateNetwork, crops: list[Crop], options: CtaFineTuneOptions) -> CandidateNetwork:
    """Goes on training; statistics of batch normalisation stay those of the shipped weights."""
    torch.manual_seed(options.seed)
    cells = CellScale(1).to(device())
    network.to(device(), memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    rates = [options.trunk_rate, options.head_rate]
    optimiser = torch.optim.AdamW([{"params": network.trunk.parameters(), "lr": rates[0]},
                                   {"params": [*network.head.parameters(), *cells.parameters()], "lr": rates[1]}], weight_decay=1e-2)
    kinds = [[c for c in crops if c.aneurysm == aneurysm] for aneurysm in (True, False)]

    def loss_at(step: int) -> Tensor:
        rng = np.random.default_rng([options.seed, step])
        chosen = [kind[int(k)] for kind in kinds for k in rng.integers(len(kind), size=options.batch // 2)]
        return _loss(network, cells, chosen, rng)

    descend(network, optimiser, Course("trunk", options.steps, 5.0), loss_at)
    return network.cpu().eval()


def _loss(network: CandidateNetwork, cells: CellScale, chosen: list[Crop], rng: np.random.Generator) -> Tensor:
    """Whether there is an aneurysm, and where: the second of crops alone in which that is known."""
    hu, truth, shares = (part.to(device()) for part in moved(chosen, rng))
    with mixed(device()):
        logit, _, maps = network(hu.to(memory_format=torch.channels_last))
        evidence = functional.conv2d(maps, network.head.weight[:, :, None, None], network.head.bias)
    loss = functional.binary_cross_entropy_with_logits(logit.float(), truth)
    outlined = torch.from_numpy(np.flatnonzero([c.outlined for c in chosen])).to(device())
    return loss + map_loss(cells(evidence.float())[outlined], shares[outlined]) if len(outlined) else loss


def _positive(cases: list[Case]) -> list[str]:
    """Subjects with an untreated aneurysm."""
    return sorted({c.subject for c in cases if any(not p.treated for p in c.points)})


def _told(made: Manifest, init: Manifest, order: Order, parts: dict[str, list[Case]]) -> Manifest:
    told = told_of(made, order, parts)
    performance = told["performance"]
    few = [FEW.format(len(parts["test"]))] if len(parts["test"]) < ENOUGH else []
    unmeasured = [UNMEASURED] if performance["camIou"] is None else []
    return told | {
        "accepts": init["accepts"], "limits": [told["limits"][0], PROPOSALS, *LIMITS[2:], *few, *unmeasured],
        "performance": performance | {"testedOn": f"{performance['candidates']} candidates of {performance['testedOn']}"},
        "operatingPoint": made["operatingPoint"] | {
            "chosenOn": f"proposals in {len(parts['validation'])} whole validation scans of other subjects, at most {BUDGET:g} false positives a scan"}}


def _summary(manifest: Manifest) -> str:
    scans = manifest["performance"]["onProposals"]
    return (f"{scans['found']} of {scans['aneurysms']} aneurysms ({scans['proposed']} proposed), {scans['falsePositivesPerScan']:.2f} false positives a scan "
            f"in {scans['scans']} scans of subjects not trained on")
