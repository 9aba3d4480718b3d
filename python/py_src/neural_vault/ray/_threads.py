"""The threads that a worker of Ray may use."""

from __future__ import annotations

import os

import ray


def threads() -> int | None:
    """Return the CPUs that Ray gave the worker that calls this, at least one; `None` outside of a worker.

    The threads that read files are limited to them too.
    """
    if not ray.is_initialized():
        return None
    context = ray.get_runtime_context()
    if context.worker.mode != ray.WORKER_MODE:
        return None
    resources: dict[str, float] = context.get_assigned_resources()  # type: ignore[no-untyped-call]
    cpus = max(1, int(resources.get("CPU", 1)))
    # Counts if the native module has started no threads yet, as in a new worker.
    os.environ.setdefault("RAYON_NUM_THREADS", str(cpus))
    return cpus
