"""Where system 000 looks, step by step as the runtime's pipeline `cta-resnet` does: blobs of any size in contrast-filled vessels.

The paper's region of interest is drawn by hand. Places found here are what the classifier is shown at a site, so they are also
what it must be trained and measured on.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: the grid on which places are looked for, mm
GRID_MM = 0.8
TISSUE_HU, BONE_HU, LEAST_BONE_MM3, SCALP_MM = -300.0, 600.0, 300.0, 8.0
RATIO = 1.34
RADII_MM = tuple(1.1 * RATIO**k for k in range(8))
LEAST_CONTRAST, LEAST_ROUNDNESS, MOST = 0.05, 0.15, 64
VESSEL_HU, BRAIN_HU, BONE_STAND_IN_HU = 150.0, 42.0, 60.0
AWAY_MM, LEAST_AWAY, PARTIAL_VOLUME = 8.0, 300, 1.2
#: rules: bone about a place beyond this share; its middle above, or its lumen below, this share of the arteries' density
MOST_BONE, MOST_ARTERIAL_SHARE, LEAST_ARTERIAL_SHARE = 0.3, 1.6, 0.62


@dataclass(frozen=True)
class Proposal:
    """A place (mm x, y, z from the first voxel's centre), the ball that fits it, its rank's score, and why a rule demotes it."""

    centre: np.ndarray
    radius: float
    score: float
    demoted: str


@dataclass(frozen=True)
class Head:
    """A CT angiogram as places are looked for in it: HU, the inside of the head and its bone [z,y,x] at GRID_MM, and the arteries' HU."""

    grid: np.ndarray
    inside: np.ndarray
    bone: np.ndarray
    lumen: float

    @property
    def bone_ml(self) -> float:
        return float(self.bone.sum() * GRID_MM**3 / 1000)

    @property
    def vessels_ml(self) -> float:
        """Contrast-filled, apart from bone with its marrow and its blurred rim."""
        closed = ndimage.binary_erosion(ndimage.binary_dilation(self.bone, iterations=4), iterations=2, border_value=1)
        return float((_vessels(self.grid, self.inside) & ~closed).sum() * GRID_MM**3 / 1000)

    def holds(self, place: np.ndarray) -> bool:
        """Whether a place (mm x, y, z from the first voxel's centre) lies inside the head."""
        at = np.round(np.asarray(place)[::-1] / GRID_MM).astype(int)
        return bool((at >= 0).all() and (at < np.array(self.inside.shape)).all() and self.inside[tuple(at)])


def propose(volume: np.ndarray, spacing: tuple[float, float, float]) -> list[Proposal]:
    """HU [z,y,x] with spacing x, y, z in mm -> places, the best first."""
    return places_in(look_at(volume, spacing))


def look_at(volume: np.ndarray, spacing: tuple[float, float, float]) -> Head:
    """HU [z,y,x] with spacing x, y, z in mm on the search's grid."""
    grid = _isotropic(volume, spacing)
    bone, inside = _large_bone(grid), _solid(grid > TISSUE_HU)
    return Head(grid, inside, bone, _lumen(grid, inside, bone))


def places_in(head: Head) -> list[Proposal]:
    """Blobs of any size in the vessels, the best first."""
    full = max(head.lumen, VESSEL_HU)
    seen = np.where(head.inside, np.where(ndimage.binary_dilation(head.bone), BONE_STAND_IN_HU, head.grid), 0)
    image = (np.clip(seen, BRAIN_HU, full) / full).astype(np.float32)
    found: list[tuple[float, float, tuple[int, ...]]] = []
    sigmas = [r / np.sqrt(3) / GRID_MM / np.sqrt(RATIO) for r in RADII_MM]
    smooth = ndimage.gaussian_filter(image, sigmas[0], mode="nearest")
    for radius, sigma in zip(RADII_MM, sigmas):
        wider = ndimage.gaussian_filter(smooth, sigma * np.sqrt(RATIO**2 - 1), mode="nearest")
        response = (smooth - wider) / (RATIO - 1)
        peaks = (response >= LEAST_CONTRAST) & (response == ndimage.maximum_filter(response, 3))
        peaks[[0, -1]] = peaks[:, [0, -1]] = peaks[:, :, [0, -1]] = False
        places = np.argwhere(peaks)
        roundness = _roundness(smooth, places, max(1, round(sigma)))
        for place, round_share in zip(places[fits := (roundness >= LEAST_ROUNDNESS) & _deep(head.inside, places)], roundness[fits]):
            at = tuple(int(v) for v in place)
            found.append((float(response[at]) * float(np.sqrt(round_share)), radius, at))
        smooth = wider
    return [Proposal(np.array(place[::-1]) * GRID_MM, radius, score, _demotion(head.grid, head.bone, place, radius, head.lumen))
            for score, radius, place in _strongest(found)]


def _isotropic(volume: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    step = np.array([GRID_MM / s for s in reversed(spacing)])
    size = [int((n - 1) / s + 1e-6) + 1 for n, s in zip(volume.shape, step)]
    return ndimage.affine_transform(volume.astype(np.float32), step, output_shape=size, order=1, mode="nearest")  # type: ignore[no-any-return]


def _large_bone(grid: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(grid > BONE_HU, np.ones((3, 3, 3)))
    large = np.bincount(labels.ravel(), minlength=count + 1) * GRID_MM**3 >= LEAST_BONE_MM3
    large[0] = False
    return large[labels]  # type: ignore[no-any-return]


def _solid(mask: np.ndarray) -> np.ndarray:
    """The largest component, its holes filled slice by slice."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.stack([ndimage.binary_fill_holes(plane) for plane in labels == sizes.argmax()])


def _lumen(grid: np.ndarray, head: np.ndarray, bone: np.ndarray) -> float:
    """HU of arteries. Blurred bone has the density of vessels for millimetres around it; the vessels AWAY_MM from bone are thin, and a sixth is lost
    to partial volume. Of every seventh voxel, as the runtime does."""
    vessels = _vessels(grid, head)
    away = vessels & (ndimage.distance_transform_edt(~bone) * GRID_MM > AWAY_MM) if bone.any() else vessels
    values = np.sort(grid[away if away.sum() >= LEAST_AWAY else vessels][6::7])
    return PARTIAL_VOLUME * float(values[int(len(values) * 0.75)]) if len(values) else 0.0


def _vessels(grid: np.ndarray, head: np.ndarray) -> np.ndarray:
    return head & (grid >= VESSEL_HU) & (grid <= BONE_HU)  # type: ignore[no-any-return]


def _deep(head: np.ndarray, places: np.ndarray) -> np.ndarray:
    """For places [n,3]: whether the head goes on for SCALP_MM in every direction that the grid still has along z."""
    reach, deep = round(SCALP_MM / GRID_MM), np.ones(len(places), bool)
    for direction in np.ndindex(3, 3, 3):
        step = np.array(direction) - 1
        if not step.any():
            continue
        z, y, x = (places + np.round(step * reach / np.linalg.norm(step)).astype(int)).T
        in_plane = (y >= 0) & (y < head.shape[1]) & (x >= 0) & (x < head.shape[2])
        there = head[z.clip(0, head.shape[0] - 1), y.clip(0, head.shape[1] - 1), x.clip(0, head.shape[2] - 1)] & in_plane
        deep &= there | (z < 0) | (z >= head.shape[0])
    return deep  # type: ignore[no-any-return]


def _roundness(smooth: np.ndarray, places: np.ndarray, step: int) -> np.ndarray:
    """For places [n,3]: weakest curvature over strongest, 0 for a tube, 1 for a ball."""
    def at(*offset: int) -> np.ndarray:
        z, y, x = ((places[:, k] + step * offset[k]).clip(0, smooth.shape[k] - 1) for k in range(3))
        return smooth[z, y, x].astype(np.float64)

    def cross(one: tuple[int, int, int], other: tuple[int, int, int]) -> np.ndarray:
        plus, minus = np.add(one, other), np.subtract(one, other)
        return (at(*plus) + at(*-plus) - at(*minus) - at(*-minus)) / 4  # type: ignore[no-any-return]

    axes: list[tuple[int, int, int]] = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    pure = [at(*a) + at(*(-v for v in a)) - 2 * at(0, 0, 0) for a in axes]
    hessian = np.array([[pure[i] if i == j else cross(axes[i], axes[j]) for j in range(3)] for i in range(3)])
    values = np.linalg.eigvalsh(hessian.transpose(2, 0, 1))
    return np.where(values[:, 2] < 0, values[:, 2] / np.minimum(values[:, 0], -1e-12), 0.0)


def _strongest(found: list[tuple[float, float, tuple[int, ...]]]) -> list[tuple[float, float, tuple[int, ...]]]:
    """Of places whose balls hold each other's centre the best stays."""
    kept: list[tuple[float, float, tuple[int, ...]]] = []
    for one in sorted(found, key=lambda f: -f[0]):
        if len(kept) == MOST:
            break
        if all(np.linalg.norm(np.subtract(k[2], one[2])) * GRID_MM >= max(k[1], one[1]) for k in kept):
            kept.append(one)
    return kept


def _demotion(grid: np.ndarray, bone: np.ndarray, place: tuple[int, ...], radius: float, lumen: float) -> str:
    around = _ball(grid.shape, place, (radius + 2) / GRID_MM)
    if bone[around].mean() > MOST_BONE or grid[_ball(grid.shape, place, 1)].mean() > MOST_ARTERIAL_SHARE * lumen:
        return "bone"
    return "vein" if grid[_ball(grid.shape, place, 2)].max() < LEAST_ARTERIAL_SHARE * lumen else ""


def _ball(shape: tuple[int, ...], place: tuple[int, ...], reach: float) -> tuple[np.ndarray, ...]:
    steps = int(np.ceil(reach))
    offsets = np.argwhere(np.ones((2 * steps + 1,) * 3)) - steps
    inside = offsets[(offsets**2).sum(1) <= reach**2] + np.array(place)
    return tuple(inside[((inside >= 0) & (inside < np.array(shape))).all(1)].T)
