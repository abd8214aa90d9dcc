"""A bundle is written beside its place and put there whole: what fails on the way, or falls below a gate, leaves the earlier one as it was."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A copy of the folder to write into (empty where there is none); it takes the folder's place at the end, and stays beside it after an error."""
    draft = folder.with_name(f"{folder.name}.draft")
    if draft.exists():
        shutil.rmtree(draft)
    if folder.exists():
        shutil.copytree(folder, draft)
    draft.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
    except BaseException:
        print(f"{folder} is as it was; what was written lies in {draft}", flush=True)
        raise
    earlier = folder.with_name(f"{folder.name}.earlier")
    if folder.exists():
        folder.rename(earlier)
    draft.rename(folder)
    shutil.rmtree(earlier, ignore_errors=True)
