"""A tof-patch bundle goes on training. Batch normalisation is folded in shipped weights and stays so; the network is trained as it is used."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from ..bundle import write_bundle
from ..compute import device, mixed
from ..dataset import Case, CropSampler
from ..network import TinyUNet3D
from ..preprocess import prepare, resample
from ..readers import Case as ReadCase
from ..readers import Refusal, validate
from ..train import training_loss
from ..upsample import unfolded
from .order import Order


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
    cases = {part: [prepared_case(c) for c in chosen] for part, chosen in parts.items()}
    for part, chosen in cases.items():
        if not any(len(c.centres) for c in chosen):
            raise Refusal("NO_ANEURYSM", part, "holds no aneurysm; add cases or choose another seed")
    network = fine_tune(load_bundle(order.init), cases["train"], FineTuneOptions(steps=order.steps, seed=order.seed))
    score = write_bundle(network, cases, order.out, {"scans": len(cases["train"]), "seed": order.seed, "date": order.date})
    rename(order.out, order.identity, order.description(parts), parts["train"][0].licence, {part: len(c) for part, c in cases.items()})
    print(f"{score.detected} of {score.lesions} aneurysms of 4 mm and more, {score.false_positives_per_scan:.2f} false positives a scan")


def prepared_case(case: ReadCase) -> Case:
    """A read case on the 1 mm grid, refused by name where its data are bad; points without a mask become balls."""
    volume = validate(case)
    spacing = volume.spacing
    turned, flips = _to_lps(volume.voxels, volume.affine)
    prepared = prepare(turned.astype(np.float32), spacing)
    labels = np.zeros(prepared.image.shape, np.uint8)
    centres, diameters, volumes = [], [], []
    z, y, x = np.meshgrid(*(np.arange(n) for n in labels.shape), indexing="ij")
    mask = None if case.mask is None else resample(_flip(case.mask().voxels, flips).astype(np.float32), spacing) > 0.5
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
    return Case(prepared.image.astype(np.float16), labels, np.array(centres).reshape(-1, 3), np.array(diameters), np.array(volumes))


def fine_tune(network: TinyUNet3D, cases: list[Case], options: FineTuneOptions) -> TinyUNet3D:
    """Goes on training; statistics of batch normalisation stay those of the shipped weights."""
    torch.manual_seed(options.seed)
    sampler = CropSampler(cases, options.seed, options.crop)
    optimiser = torch.optim.Adam(network.parameters(), options.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.steps)
    network.to(device()).eval()
    for _ in range(options.steps):
        images, labels = sampler.batch(options.batch)
        with mixed(device()):
            loss = training_loss(network, torch.from_numpy(images).to(device()), torch.from_numpy(labels).to(device()), sampler.rng, True)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
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


def rename(folder: Path, identity: str, data: str, licence: str, counts: dict[str, int]) -> None:
    """Says in manifest and card what the new bundle was trained and measured on."""
    file = folder / "model.json"
    manifest = json.loads(file.read_text())
    use = "Fine-tuned on a small data set and not validated; not for clinical use"
    manifest |= {"id": identity, "title": f"{manifest['title']} (fine-tuned)", "intendedUse": use}
    manifest["training"] |= {"data": data, "licence": licence, "synthetic": False}
    manifest["performance"]["testedOn"] = f"{counts['test']} scans of subjects not trained on"
    manifest["operatingPoint"]["chosenOn"] = f"{counts['validation']} validation scans, at most 0.5 false positives a scan"
    manifest["limits"][0] = "Started from weights of synthetic phantoms; measured on few scans of one data set"
    file.write_text(json.dumps(manifest, indent=2) + "\n")
    performance = manifest["performance"]
    sizes = "\n".join(f"| {r['sizeMm']} | {r['lesions']} | {r['detected']} |" for r in performance["bySize"])
    (folder / "CARD.md").write_text(f"""# {manifest['title']} ({identity} {manifest['version']})

**{use}.**

Training data: {data}; licence {licence}. Split by subject: {counts['train']} scans trained, {counts['validation']} chose calibration and
threshold, {counts['test']} measured. {performance['falsePositivesPerScan']:.2f} false positives a scan.

| diameter (mm) | aneurysms | found |
|---|---|---|
{sizes}
""")


def _to_lps(voxels: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, tuple[bool, bool, bool]]:
    """Axes x, y, z of the grid must be patient axes in that order; those that run backwards are turned."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if not all(abs(directions[k, k]) > 0.8 for k in range(3)):
        raise Refusal("WRONG_ORIENTATION", "a volume", "is not axial; export it in axial orientation")
    flips = tuple(bool(directions[k, k] < 0) for k in range(3))
    return _flip(voxels, flips), flips  # type: ignore[arg-type, return-value]


def _flip(voxels: np.ndarray, flips: tuple[bool, bool, bool]) -> np.ndarray:
    return np.flip(voxels, [2 - k for k, flip in enumerate(flips) if flip])
