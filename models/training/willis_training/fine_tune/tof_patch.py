"""A tof-patch bundle goes on training. Batch normalisation is folded in shipped weights and stays so; the network is trained as it is used."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from ..bundle import write_bundle
from ..compute import device, mixed
from ..dataset import Case, CropSampler
from ..network import TinyUNet3D
from ..preprocess import prepare, require_prepared_here, resample
from ..readers import Case as ReadCase
from ..readers import Refusal, validate
from ..staged import staged
from ..train import training_loss
from ..unseen import BUDGET
from ..upsample import unfolded
from .descent import Course, descend
from .order import Order
from .orientation import flipped, to_lps
from .provenance import told_of


@dataclass(frozen=True)
class FineTuneOptions:
    """Steps of crops at a small learning rate."""

    steps: int = 1000
    batch: int = 4
    crop: int = 48
    learning_rate: float = 2e-4
    seed: int = 1


def train_on(parts: dict[str, list[ReadCase]], order: Order) -> None:
    """Prepares, checks, trains, measures on the test part, writes."""
    stored = json.loads((order.init / "model.json").read_text())
    require_prepared_here(order.init, stored["preprocessing"])
    cases = {part: [prepared_case(c) for c in chosen] for part, chosen in parts.items()}
    for part, chosen in cases.items():
        if not any(len(c.centres) for c in chosen):
            raise Refusal("NO_ANEURYSM", part, "holds no aneurysm; add cases or choose another seed")
    network = fine_tune(load_bundle(order.init), cases["train"], FineTuneOptions(steps=order.steps, seed=order.seed))
    with staged(order.out) as folder:
        score = write_bundle(network, cases, folder, {"scans": len(cases["train"]), "seed": order.seed, "date": order.date}, stored["candidates"], BUDGET)
        rename(replace(order, out=folder), parts)
    print(f"{score.detected} of {score.lesions} aneurysms of 4 mm and more, {score.false_positives_per_scan:.2f} false positives a scan")


def prepared_case(case: ReadCase) -> Case:
    """A read case on the 1 mm grid, refused by name where its data are bad; points without a mask become balls."""
    volume = validate(case)
    spacing = volume.spacing
    turned, flips = to_lps(volume.voxels, volume.affine, case.name)
    prepared = prepare(turned.astype(np.float32), spacing)
    labels = np.zeros(prepared.image.shape, np.uint8)
    centres, diameters, volumes, sites = [], [], [], []
    z, y, x = np.meshgrid(*(np.arange(n) for n in labels.shape), indexing="ij")
    mask = None if case.mask is None else resample(flipped(case.mask().voxels, flips).astype(np.float32), spacing) > 0.5
    for number, point in enumerate((p for p in case.points if not p.treated), start=1):
        voxel = volume.voxel_of(point.lps_mm)
        voxel = np.array([n - 1 - v if flip else v for v, n, flip in zip(voxel, volume.voxels.shape[::-1], flips)])
        centre, radius = voxel * spacing, point.radius_mm or 2.5
        near = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2
        inside = near <= radius**2 if mask is None else mask & (near <= (radius + 3) ** 2)
        if not inside.any():
            raise Refusal("EMPTY_MASK", case.name, f"has a point at {tuple(round(v, 1) for v in point.lps_mm)} mm without any mask voxel near it")
        labels[inside] = number
        centres.append(centre)
        diameters.append(2 * radius)
        volumes.append(float(inside.sum()))
        sites.append(point.site or "")
    return Case(prepared.image.astype(np.float16), labels, np.array(centres).reshape(-1, 3), np.array(diameters), np.array(volumes), tuple(sites))


def fine_tune(network: TinyUNet3D, cases: list[Case], options: FineTuneOptions) -> TinyUNet3D:
    """Goes on training; statistics of batch normalisation stay those of the shipped weights."""
    torch.manual_seed(options.seed)
    sampler = CropSampler(cases, options.seed, options.crop)
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    network.to(device()).eval()

    def loss_at(_step: int) -> Tensor:
        images, labels = (torch.from_numpy(part).to(device()) for part in sampler.batch(options.batch))
        with mixed(device()):
            return training_loss(network, images, labels, sampler.rng, True)

    descend(network, optimiser, Course("network", options.steps, 5.0), loss_at)
    return network.cpu()


def load_bundle(folder: Path) -> TinyUNet3D:
    """The network of a tof-patch bundle; its convolutions hold the folded normalisation, so the layers here do nothing."""
    manifest = json.loads((folder / "model.json").read_text())
    stored = {i.name.removesuffix("_f16").removeprefix("net."): torch.tensor(numpy_helper.to_array(i).astype(np.float32))
               for i in onnx.load(str(folder / manifest["network"]["file"])).graph.initializer}
    weights = stored | {
        f"{block}.0.{kind}": value
        for block, up in (("dec2", "up2"), ("dec1", "up1"))
        for kind, value in (
            ("weight", unfolded(stored[f"{up}.low.weight"], stored[f"{up}.skip.weight"])),
            ("bias", stored[f"{up}.skip.bias"]),
        )
    }
    network = TinyUNet3D(int(weights["enc1.0.weight"].shape[0]))
    state = network.state_dict()
    for name, value in state.items():
        if name in weights:
            state[name] = weights[name]
        elif name.endswith("running_var"):
            state[name] = torch.full_like(value, 1 - 1e-5)
    network.load_state_dict(state)
    return network.eval()


def rename(order: Order, parts: dict[str, list[ReadCase]]) -> None:
    """Says in manifest and card what the new bundle was trained and measured on."""
    file = order.out / "model.json"
    manifest = told_of(json.loads(file.read_text()), order, parts)
    counts = {part: len(cases) for part, cases in parts.items()}
    manifest["operatingPoint"]["chosenOn"] = f"{counts['validation']} validation scans, at most {BUDGET:g} false positives a scan"
    file.write_text(json.dumps(manifest, indent=2) + "\n")
    performance = manifest["performance"]
    sizes = "\n".join(f"| {r['sizeMm']} | {r['lesions']} | {r['detected']} |" for r in performance["bySize"])
    (order.out / "CARD.md").write_text(f"""# {manifest['title']} ({manifest['id']} {manifest['version']})

**{manifest['intendedUse']}.**

Training data: {manifest['training']['data']}; licence {manifest['training']['licence']}. Split by subject: {counts['train']} scans trained, {counts['validation']} chose calibration and
threshold, {counts['test']} measured. {performance['falsePositivesPerScan']:.2f} false positives a scan.

| diameter (mm) | aneurysms | found |
|---|---|---|
{sizes}
""")
