"""Runs one kernel of SimpleITK, scipy or skimage on a volume in a folder: job.json, image.raw (float32), mask.raw (uint8); writes out.raw.

Prints the seconds the kernel alone took, the best of `repeats`.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
nx, ny, nz = job["size"]
spacing = job.get("spacing", [1, 1, 1])


def volume(name, kind):
    return np.fromfile(folder / name, kind).reshape(nz, ny, nx)


def itk_image(array):
    import SimpleITK

    # SetGlobalMaximumNumberOfThreads makes N4 drop points; the default number does not
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(spacing)
    return image


def n4():
    import SimpleITK

    image, mask = itk_image(volume("image.raw", "<f4")), itk_image(volume("mask.raw", "u1"))

    def run():
        n4_filter = SimpleITK.N4BiasFieldCorrectionImageFilter()
        n4_filter.SetMaximumNumberOfIterations([job["iterations"]] * job["levels"])
        n4_filter.SetConvergenceThreshold(job["convergence"])
        n4_filter.Execute(image, mask)
        return SimpleITK.GetArrayFromImage(n4_filter.GetLogBiasFieldAsImage(image))

    return run


def distance():
    from scipy import ndimage

    mask = volume("mask.raw", "u1")
    return lambda: ndimage.distance_transform_edt(mask == 0, spacing[::-1])


work = {"n4": n4, "distance": distance}[job["kernel"]]()
best = np.inf
for _ in range(job.get("repeats", 1)):
    started = time.perf_counter()
    out = work()
    best = min(best, time.perf_counter() - started)
np.ascontiguousarray(out, "<f4").tofile(folder / "out.raw")
print(best)
