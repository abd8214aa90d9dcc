"""Arteries of a real person, from a mask of them: centre lines with radii, which every phantom then bends, scales and mirrors its own way.

Centre lines are found as in TEASAR (Sato et al. 2000): shortest paths that keep to the middle of the lumen, from the farthest voxel not yet
covered back to the tree, over and over.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from .arteries import Segment, atlas, rotation_matrix

#: pieces of fewer voxels than this are left out, and branches shorter than this many mm
LEAST_VOXELS, LEAST_MM = 200, 5.0
#: points among which the most frequent name of an artery counts
SMOOTHED = 5
#: mm between two points of a centre line; the thinnest radius (mm) that is drawn
STEP, THINNEST = 2.5, 0.35


@dataclass(frozen=True)
class ArterialTree:
    """Centre lines in the phantoms' frame (LPS mm, origin in the circle of Willis), each named after the artery of the atlas it lies nearest to."""

    segments: tuple[Segment, ...]

    @property
    def key(self) -> str:
        """Tells this tree from any other in the names of files."""
        return hashlib.sha256(np.vstack([s.points for s in self.segments]).round(2).tobytes()).hexdigest()[:8]

    def draw(self, rng: np.random.Generator) -> list[Segment]:
        """Another person's tree like it: mirrored or not, scaled, turned, thicker or thinner as a whole."""
        mirror = rng.choice([-1.0, 1.0])
        scale, turn, thick = rng.uniform(0.92, 1.1, 3) * [mirror, 1, 1], rotation_matrix(rng.normal(0, 4, 3)), rng.uniform(0.85, 1.15)
        inflow = {name: float(rng.uniform(0.85, 1.05)) for name in sorted({s.name for s in self.segments})}
        return [replace(s, name=_mirrored(s.name) if mirror < 0 else s.name, points=s.points * scale @ turn.T,
                        radii=tuple(r * thick for r in s.radii), inflow=inflow[s.name]) for s in self.segments]


def tree_of(lumen: np.ndarray, spacing: tuple[float, float, float]) -> ArterialTree:
    """Of a mask [z,y,x] in LPS orientation, spacing (x,y,z) in mm. ValueError where it holds no arteries."""
    if not lumen.any():
        raise ValueError("the mask of arteries is empty")
    lumen = np.pad(lumen[ndimage.find_objects(lumen.astype(np.uint8))[0]], 1)
    pieces, count = ndimage.label(lumen, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel())
    wide = ndimage.distance_transform_edt(lumen, spacing[::-1])
    lines = [line for n in range(1, count + 1) if sizes[n] >= LEAST_VOXELS for line in _centre_lines(pieces == n, wide, spacing)]
    if not lines:
        raise ValueError(f"the mask holds no arteries: its largest piece has {sizes[1:].max()} voxels, {LEAST_VOXELS} are needed")
    return ArterialTree(_named(_in_frame(lines)))


def _centre_lines(piece: np.ndarray, wide: np.ndarray, spacing: tuple[float, float, float]) -> list[Segment]:
    voxels = np.argwhere(piece)
    places, radii = voxels[:, ::-1] * spacing, wide[piece]
    tree = cKDTree(places)
    neighbours = tree.query_pairs(float(np.linalg.norm(spacing)) * 1.01, output_type="ndarray")
    a, b = neighbours.T
    # short where both ends lie deep in the lumen, so that a path keeps to the middle
    cost = np.linalg.norm(places[a] - places[b], axis=1) / np.minimum(radii[a], radii[b]) ** 2
    graph = sparse.coo_matrix((cost, (a, b)), shape=(len(voxels),) * 2).tocsr()
    root = int(places[:, 2].argmin())
    far, before = sparse.csgraph.dijkstra(graph, directed=False, indices=root, return_predecessors=True)
    far = np.where(np.isfinite(far), far, -1.0)
    covered, on_line, lines = far < 0, np.zeros(len(voxels), bool), []
    on_line[root] = True
    while not covered.all():
        end = int(np.where(covered, -1.0, far).argmax())
        path = [end]
        while not on_line[path[-1]]:
            path.append(int(before[path[-1]]))
        for near in tree.query_ball_point(places[path], 1.5 * radii[path] + 1.0):
            covered[near] = True
        along = np.linalg.norm(np.diff(places[path], axis=0), axis=1).sum()
        # a bulge of the wall is no branch
        if along >= max(LEAST_MM, 2 * radii[path[-1]]):
            on_line[path] = True
            lines.append(_smooth(places[path[::-1]], radii[path[::-1]], float(along)))
    return lines


def _smooth(points: np.ndarray, radii: np.ndarray, length: float) -> Segment:
    """From voxel to voxel to an even curve through every STEP mm; the ends stay, or branches would come off."""
    curve = ndimage.gaussian_filter1d(points, 2.0, axis=0, mode="nearest")
    curve[0], curve[-1] = points[0], points[-1]
    at = np.linspace(0, len(points) - 1, max(3, int(length / STEP) + 1)).round().astype(int)
    even = ndimage.gaussian_filter1d(radii, 3.0, mode="nearest")[at]
    return Segment("", curve[at], tuple(float(max(r, THINNEST)) for r in even))


def _in_frame(lines: Sequence[Segment]) -> list[Segment]:
    """Moved so that the atlas, the mean circle of Willis, lies in it best: from a grid of starts, then step by step to the median way."""
    tree, mean = cKDTree(np.vstack([line.points for line in lines])), np.vstack([points for _, points in _mean_lines()])
    middle = np.median(tree.data, axis=0)
    best, least = middle, np.inf
    for dy in range(-40, 41, 10):
        for dz in range(-40, 41, 10):
            at = middle + [0, dy, dz]
            for _ in range(10):
                nearest = tree.data[tree.query(mean + at)[1]]
                at = at + np.median(nearest - (mean + at), axis=0)
            off = float(np.minimum(tree.query(mean + at)[0], 15).mean())
            best, least = (at, off) if off < least else (best, least)
    return [replace(line, points=line.points - best) for line in lines]


def _named(lines: Sequence[Segment]) -> tuple[Segment, ...]:
    """Cut where one artery of the atlas ends and the next begins, within each line."""
    names, points = zip(*_mean_lines())
    owners = np.repeat(np.arange(len(names)), [len(p) for p in points])
    tree = cKDTree(np.vstack(points))
    cut = []
    for line in lines:
        own = ndimage.generic_filter(owners[tree.query(line.points)[1]], lambda near: np.bincount(near.astype(int)).argmax(), SMOOTHED, mode="nearest")
        edges = [0, *(np.flatnonzero(np.diff(own)) + 1), len(own) - 1]
        for start, end in zip(edges, edges[1:]):
            if end > start:
                cut.append(replace(line, name=names[int(own[start])], points=line.points[start : end + 1], radii=line.radii[start : end + 1]))
    return tuple(cut)


def _mean_lines() -> list[tuple[str, np.ndarray]]:
    return [(name, Segment(name, points, radii).sample(2.0)[0]) for name, (points, radii) in atlas().items()]


def _mirrored(name: str) -> str:
    return name.replace("left", "?").replace("right", "left").replace("?", "right")
