"""Embedding of many files into a folder, which goes on where it was interrupted."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Unpack

import ray
from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError

from ..model import Model
from ..recordings import Path
from ._failures import Failure, FailureLog
from ._options import LoadOptions, everywhere
from ._output import Output
from ._part import Job, Part, embed_part
from ._paths import Source, sources
from ._progress import Progress, reporter

ATTEMPTS = 3
"""Workers that a file may cost before it is listed as a failure."""
FILES = 512
"""Most files of a part."""
SECONDS = (2.0, 60.0)
"""Least and most time that a task begins files in. In between it is a tenth of the run's, so that an interruption costs
little at first, and long runs do not make very many small parts."""


@dataclass(frozen=True)
class Summary:
    """What a call of `embed` did.

    Attributes
    ----------
    out : str
        The folder.
    digest : str
        That of the model.
    embedded : int
        Files that were embedded.
    present : int
        Files that had been embedded by an earlier call and have not changed since.
    scans : int
        Rows that were written.
    failures : list of Failure
        Files that could not be embedded, as in `_failures.csv`.
    """

    out: str
    digest: str
    embedded: int
    present: int
    scans: int
    failures: list[Failure]


def embed(
    paths: Path | Iterable[Path],
    model: Path | Model,
    out: Path,
    *,
    window: int | None = None,
    workers: int | None = None,
    cpus: int = 1,
    overwrite: bool = False,
    progress: bool | Progress = True,
    **options: Unpack[LoadOptions],
) -> Summary:
    """Embed files on a Ray cluster, or on this machine, into a folder of Parquet files.

    A call that was interrupted is repeated to go on: files that have rows already are passed over, unless they, their
    tables of events or their mask have changed since, when their rows are replaced. The rows of a file are written all
    or none. Files that cannot be embedded are listed, and tried again by the next call.

    Each row is a scan: `path` (absolute), `label`, `session`, `frames`, `embedding` (latent float32, the bits of
    `Model.embed`) and `digest` of the model. After an uninterrupted call the folder reads in the order of path, label
    and session; otherwise sort it by them.

    Ray is started on this machine, and stopped at the end, unless it runs already or `RAY_ADDRESS` names a cluster.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders and patterns such as `data/**/*.npy`. A folder stands for the recordings in it, which have the
        labels and sessions that `neural_vault.load` of the folder gives them. A file given twice is embedded once, and
        files in `out` are left out. On a cluster, all nodes must see the files under the same absolute paths.
    model : path or Model
        It is read here and sent to the workers.
    out : path
        A folder, which is made where it is missing. On a cluster, all nodes must see it. It holds embeddings of one
        model, window and options.
    window : int, optional
        Frames a window; the model's own when not given.
    workers : int, optional
        Most workers at a time; as many as there are CPUs for when not given.
    cpus : int
        CPUs, and so threads, of a worker.
    overwrite : bool
        Remove what earlier calls wrote to `out` first.
    progress : bool or callable
        Whether to write progress to standard error, or what is called with the number of files done, of all files, and
        of those that failed.
    **options
        How files are read: the options of `neural_vault.load`.

    Returns
    -------
    Summary
        The failures are in `out/_failures.csv` too, from the moment that they happen.

    Raises
    ------
    ValueError
        `out` holds embeddings of another model, window or options; the window is out of the model's range; a folder
        holds no recordings.
    OSError
        The model or `out` cannot be used; a pattern matches nothing.
    KeyboardInterrupt
        Ctrl-C was pressed; what was written stays.
    """
    for name, number in (("workers", workers), ("cpus", cpus)):
        if number is not None and number < 1:
            raise ValueError(f"{name}: {number}; at least 1 is needed")
    options = everywhere(options)
    loaded = model if isinstance(model, Model) else Model.load(model)
    window = loaded.window if window is None else window
    if not 1 <= window <= loaded._native.max_window:
        raise ValueError(f"window: {window}; the model embeds windows of 1 to {loaded._native.max_window} frames")
    folder = os.path.abspath(os.fspath(out))
    wanted = [source for source in sources(paths) if not source.path.startswith(os.path.join(folder, ""))]
    settings: dict[str, Any] = {"model": loaded.digest, "latent": loaded.latent, "window": window, "options": options}
    with Output(folder, settings, overwrite=overwrite) as output:
        missing = output.missing(wanted)
        with FailureLog(output.failures) as log:
            run = _Run(output, log, reporter(progress), len(wanted), len(wanted) - len(missing))
            run.report()
            if missing:
                with _ray():
                    job = Job(ray.put(loaded), loaded.digest, window, options)
                    run.run(job, missing, workers, cpus)
            return Summary(output.folder, loaded.digest, run.embedded, run.present, run.scans, run.failures)


class _Run:
    """Keeps every worker busy with a part, and counts what they did."""

    def __init__(self, output: Output, log: FailureLog, progress: Progress, total: int, present: int) -> None:
        self.present, self.embedded, self.scans = present, 0, 0
        self.failures: list[Failure] = []
        self._output, self._log, self._progress, self._total = output, log, progress, total
        self._deaths: Counter[Source] = Counter()

    def run(self, job: Job, missing: list[Source], workers: int | None, cpus: int) -> None:
        if workers is None:
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            workers = max(1, int(resources.get("CPU", 1)) // cpus)
        # A task that dies is not retried by Ray, which would send all its files again and again.
        task = ray.remote(num_cpus=cpus, max_retries=0)(embed_part)
        shared = ray.put(job)
        numbers = {source: number for number, source in enumerate(missing)}
        queue = deque(missing)
        running: dict[ray.ObjectRef[Part], tuple[list[Source], str]] = {}
        began = time.monotonic()
        try:
            while queue or running:
                while queue and len(running) < workers:
                    batch = self._batch(queue, workers)
                    path = self._output.unfinished(numbers[batch[0]])
                    seconds = min(max((time.monotonic() - began) / 10, SECONDS[0]), SECONDS[1])
                    running[task.remote(shared, batch, seconds, path)] = batch, path
                # Returns now and then, so that Ctrl-C is heard.
                for done in ray.wait(list(running), timeout=1.0)[0]:
                    batch, path = running.pop(done)
                    try:
                        part: Part = ray.get(done)
                    except (WorkerCrashedError, OutOfMemoryError, NodeDiedError, ObjectLostError) as error:
                        queue.extendleft(reversed(self._after_death(batch, error)))
                    else:
                        self._take(part, path)
                        queue.extendleft(reversed(part.left))
                    self.report()
        finally:
            for unfinished in running:
                ray.cancel(unfinished, force=True)

    def _batch(self, queue: deque[Source], workers: int) -> list[Source]:
        """Take files for a part: fewer towards the end, so that all workers end at the same time."""
        count = min(FILES, max(1, len(queue) // (2 * workers)))
        batch = [queue.popleft()]
        # A file that a worker has died of goes alone, so that others do not fail with it.
        while len(batch) < count and not self._deaths[batch[0]] and not self._deaths[queue[0]]:
            batch.append(queue.popleft())
        return batch

    def _take(self, part: Part, path: str) -> None:
        for note in part.notes:
            warnings.warn(note, stacklevel=4)
        if part.embedded:
            self._output.commit(path)
        self.embedded += part.embedded
        self.scans += part.scans
        for failure in part.failures:
            self._fail(failure)

    def _after_death(self, batch: list[Source], error: Exception) -> list[Source]:
        """Count the death of the worker of a part; return the files to try again, each alone."""
        again = []
        for source in batch:
            self._deaths[source] += 1
            if self._deaths[source] < ATTEMPTS:
                again.append(source)
            else:
                text = f"{source.path}: {ATTEMPTS} workers died that embedded it ({type(error).__name__}: {error})"
                self._fail(Failure(source.path, "WorkerDied", text))
        return again

    def _fail(self, failure: Failure) -> None:
        self.failures.append(failure)
        self._log.add(failure)

    def report(self) -> None:
        """Tell how far the run is."""
        done = self.present + self.embedded + len(self.failures)
        self._progress(done, self._total, len(self.failures))


@contextmanager
def _ray() -> Iterator[None]:
    """Use the Ray that this process is connected to, or else start one for the time of the block.

    A cluster of somebody else on this machine, which `ray.init` alone would join, is used only where RAY_ADDRESS names it.
    """
    if ray.is_initialized():
        yield
        return
    address = None if "RAY_ADDRESS" in os.environ else "local"
    ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, include_dashboard=False)
    try:
        yield
    finally:
        ray.shutdown()
