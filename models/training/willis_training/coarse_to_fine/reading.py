"""The exported bundle on many cases, two at a time; what was read is kept, so an interrupted measurement goes on."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from .cases import FineCase, save_whole
from .measure import Read, outlined
from .reader import FILES, FineReader, Steps

Job = tuple[Path, int, FineCase, Path | None]
AT_ONCE = 2


def read_all(bundle: tuple[Path, int], cases: Iterable[FineCase], thresholds: tuple[float, ...], cache: Path | None) -> Iterator[dict[float, Read]]:
    """Every case at every outline threshold; few cases are held at once. `bundle` is the folder of the graphs and the side of a VOI."""
    folder, voi = bundle
    waiting: deque[Future[dict[float, Read]]] = deque()
    # spawned, not forked: the threads of torch, which has trained here before, do not survive a fork, and a child would wait for them for ever
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
        for case in cases:
            if len(waiting) > AT_ONCE:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_read_one, (folder, voi, case, None if cache is None else cache / "read"), thresholds))
        yield from (one.result() for one in waiting)


def _read_one(job: Job, thresholds: tuple[float, ...]) -> dict[float, Read]:
    steps = read_kept(job)
    return {threshold: outlined(job[2], steps, threshold) for threshold in thresholds}


def read_kept(job: Job) -> Steps:
    """What was found and what was outlined are kept apart: another outline network needs no new search."""
    folder, voi, case, cache = job
    reader, files = FineReader(folder, voi), list(FILES)
    arteries, coarse = _kept(cache, (folder, files[:2]), case.subject, lambda: reader.find(case.image, None if case.arteries_known else case.arteries))
    centres, fine = _kept(cache, (folder, files), case.subject, lambda: _outlined(reader.outline(case.image, arteries, coarse)))
    return Steps(arteries, coarse, [(float(z), float(y), float(x)) for z, y, x in centres], fine)


def _outlined(steps: Steps) -> tuple[np.ndarray, np.ndarray]:
    return np.array(steps.centres).reshape(-1, 3), steps.fine


def _kept(
    cache: Path | None, graphs: tuple[Path, list[str]], name: str, make: Callable[[], tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays out of the cache, or made and put there; they belong to these very graphs: their hash names the folder."""
    if cache is None:
        return make()
    folder, files = graphs
    file = cache / hashlib.sha256(b"".join((folder / f).read_bytes() for f in files)).hexdigest()[:16] / f"{name}.npz"
    if not file.exists():
        first, second = make()
        save_whole(file, first=first, second=second)
        return first, second
    with np.load(file) as kept:
        return kept["first"], kept["second"]
