"""How long a rebuild takes: its time and the processor's, over all the runs that an interrupted one took."""

import json
import resource
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

#: how much of an interrupted run goes uncounted at most, s
WRITTEN_EVERY = 20.0


@dataclass(frozen=True)
class Spent:
    """`minutes` by the clock, `processor_minutes` of this process and those it started and saw end."""

    minutes: float
    processor_minutes: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.minutes + other.minutes, self.processor_minutes + other.processor_minutes)


class Stopwatch:
    """Counts from entering to leaving, on top of what the file says was spent before; the file outlives a process that is killed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before = Spent(**json.loads(file.read_text())) if file.exists() else Spent(0, 0)
        self._left = threading.Event()

    def __enter__(self) -> "Stopwatch":
        self._clock, self._processor = time.monotonic(), _processor_seconds()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._keep_writing, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._left.set()
        self._write()

    def spent(self) -> Spent:
        """Until now."""
        return self._before + Spent((time.monotonic() - self._clock) / 60, (_processor_seconds() - self._processor) / 60)

    def _keep_writing(self) -> None:
        while not self._left.wait(WRITTEN_EVERY):
            self._write()

    def _write(self) -> None:
        partial = self._file.with_suffix(".part")
        partial.write_text(json.dumps(asdict(self.spent())))
        partial.replace(self._file)


def _processor_seconds() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
