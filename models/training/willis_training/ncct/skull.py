"""What surrounds the brain: vault, base, sinuses, orbits, scalp, headrest, and the harmless dense things inside."""

import numpy as np

from .head import Head, Spaces, _ball

AIR = -1000.0


def paint_surroundings(head: Head, s: Spaces, hu: np.ndarray) -> np.ndarray:
    """Adds bone, air, fat and skin outside the cavity to HU [ny,nx]."""
    out = -s.depth
    dome = _dome(head, s)
    table = 1350 + 120 * s.fine
    diploe = 520 + 160 * s.fine
    layer = np.clip(out / head.skull, 0, 1)
    bone = np.where((layer > 0.3) & (layer < 0.7), diploe, table)
    hu = np.where(out > 0, bone, hu)
    base = (out > 0) & (dome > 0) & (out > 3.5)
    soft = 45 + 12 * s.fine
    hu = np.where(base, np.where(s.fine > 0.35, 750 + 200 * s.fine, np.where(s.fine > -0.7, soft, -60)), hu)
    hu = _base_air_and_orbits(s, hu)
    scalp = dome < -head.skull
    muscle = np.where(s.fine + 0.6 * (s.z < 5) > 0.5, 50, -85)
    hu = np.where(scalp, muscle, hu)
    hu = np.where(dome < -head.skull - head.scalp + 1.4, 25, hu)
    return np.where(dome < -head.skull - head.scalp, AIR, hu).astype(np.float32)


def paint_mimics(head: Head, s: Spaces, hu: np.ndarray) -> np.ndarray:
    """The dense and odd things that are no haemorrhage."""
    side = np.abs(s.x)
    strength = head.mimics.get
    if "choroid" in head.mimics:
        hu = np.where((_ball((side, s.y, s.z), (22.5, 38, 11), (2 + 2 * strength("choroid", 0), 4, 3.5)) < 1) & (s.fine > -0.4),
                      90 + 350 * strength("choroid", 0), hu)
    if "pineal" in head.mimics:
        hu = np.where(_ball((s.x, s.y, s.z), (0, 24, 3), (2.2, 2.6, 2.5)) < 1, 120 + 300 * strength("pineal", 0), hu)
    if "ganglia" in head.mimics:
        hu = np.where((_ball((side, s.y, s.z), (20, -6, 6), (3.5, 7, 4)) < 1) & (s.fine > 0.1), 70 + 90 * strength("ganglia", 0), hu)
    if "falx" in head.mimics:
        hu = np.where((side < 1.6) & (np.abs(s.y + 35) < 14) & (np.abs(s.z - 45) < 10) & (s.depth > 0), 250 * strength("falx", 0) + 80, hu)
    if "infarct" in head.mimics:
        x0 = 46 if head.seed % 2 else -46
        hu = np.where((_ball((s.x, s.y, s.z), (x0, 12, 22), (20, 26, 20)) < 1 + 0.3 * s.fine) & (s.depth > head.rim), hu - 9 - 6 * strength("infarct", 0), hu)
    if "staining" in head.mimics:
        x0 = 22 if head.seed % 2 else -22
        hu = np.where((_ball((s.x, s.y, s.z), (x0, -6, 8), (8, 13, 10)) < 1 + 0.2 * s.fine) & (np.abs(s.fine) < 1), hu + 6 + 7 * strength("staining", 0), hu)
    return _surgery(head, s, hu)


def _surgery(head: Head, s: Spaces, hu: np.ndarray) -> np.ndarray:
    """Craniotomy with a flap and its gap, and a ventricular drain through a burr hole."""
    sign = 1 if head.seed % 2 else -1
    if "craniotomy" in head.mimics:
        near = ((s.y + 20) ** 2 + (s.z - 30) ** 2)[...]
        rim = (np.abs(np.sqrt(near) - 28) < 1.6) & (s.x * sign > 20) & (s.depth < 0) & (s.depth > -head.skull)
        hu = np.where(rim, 20, hu)
        cavity = (_ball((s.x, s.y, s.z), (sign * 50, -20, 30), (14, 18, 16)) < 1 + 0.3 * s.fine) & (s.depth > 0)
        hu = np.where(cavity, head.fluid_hu + 4, hu)
    if "drain" in head.mimics:
        t = np.clip((s.z - 18) / 55, 0, 1)
        line = (s.x - sign * (8 + 20 * t)) ** 2 + (s.y + 28 + 12 * t) ** 2
        hu = np.where((line < 3.2) & (s.z > 16) & (s.depth > -12), np.where(line < 0.8, 20, 260), hu)
    return hu


def _dome(head: Head, s: Spaces) -> np.ndarray:
    """Like the depth, but of the vault alone: the face and neck continue below."""
    a, b, c = head.cavity
    low = np.where(s.z > 0, np.float32(c), np.float32(110.0))
    e = np.sqrt((s.x / a) ** 2 + (s.y / b) ** 2 + (s.z / low) ** 2 + np.float32(1e-6))
    slope = np.sqrt((s.x / a**2) ** 2 + (s.y / b**2) ** 2 + (s.z / low**2) ** 2 + np.float32(1e-8)) / e
    return (1 - e) / slope


def _base_air_and_orbits(s: Spaces, hu: np.ndarray) -> np.ndarray:
    if float(s.z.min()) > 24:
        return hu
    side = np.abs(s.x)
    frontal = (_ball((side, s.y, s.z), (9, -86, 4), (9, 4, 11)) < 1) & (side > 1)
    hu = np.where(frontal & (s.depth < 0), AIR, hu)
    orbit = (_ball((side, s.y, s.z), (31, -66, -27), (18, 23, 19)) < 1) & (s.depth < -1.8)
    hu = np.where(orbit, -85, hu)
    hu = np.where(orbit & ((side - 32 + 0.35 * (s.y + 60)) ** 2 + (s.z + 28) ** 2 < 7), 38, hu)
    muscle = np.abs(np.hypot(side - 32, s.z + 28) - 10) < 1.6
    hu = np.where(orbit & muscle & (s.y > -76), 48, hu)
    hu = np.where((_ball((side, s.y, s.z), (32, -77, -28), (12, 12, 12)) < 1), np.where(_ball((side, s.y, s.z), (32, -86, -28), (5, 2.5, 5)) < 1, 75, 12), hu)
    nose = (side < 13) & (s.y < -34) & (s.y > -82) & (s.z < -17) & (s.depth < -1)
    hu = np.where(nose & (np.abs(s.fine) < 1.2) & (np.abs(side - 6) > 0.7), AIR, hu)
    sphenoid = (_ball((s.x, s.y, s.z), (0, -22, -32), (11, 10, 8)) < 1) & (s.depth < -1)
    hu = np.where(sphenoid, AIR, hu)
    maxillary = (_ball((side, s.y, s.z), (30, -60, -58), (12, 14, 14)) < 1) & (s.depth < -1)
    hu = np.where(maxillary, AIR, hu)
    mastoid = (_ball((side, s.y, s.z), (56, 22, -36), (9, 12, 14)) < 1) & (s.depth < -1)
    return np.where(mastoid, np.where(s.fine > 0.1, AIR * 0.8, 700), hu)
