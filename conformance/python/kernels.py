"""Runs one kernel of SimpleITK, scipy or numpy on a volume in a folder: job.json, image.raw (float32), mask.raw (uint8); writes out.raw.

Prints the seconds of processor time the kernel alone took, the best of `repeats`: other programs move that less than the clock.
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

    whole, whole_mask = itk_image(volume("image.raw", "<f4")), itk_image(volume("mask.raw", "u1"))

    def run():
        shrink = [min(job.get("shrink", 1), n) for n in job["size"]]
        image, mask = (SimpleITK.Shrink(one, shrink) if max(shrink) > 1 else one for one in (whole, whole_mask))
        n4_filter = SimpleITK.N4BiasFieldCorrectionImageFilter()
        n4_filter.SetMaximumNumberOfIterations([job["iterations"]] * job["levels"])
        n4_filter.SetConvergenceThreshold(job["convergence"])
        n4_filter.Execute(image, mask)
        return SimpleITK.GetArrayFromImage(n4_filter.GetLogBiasFieldAsImage(whole))

    return run


def distance():
    from scipy import ndimage

    mask = volume("mask.raw", "u1")
    return lambda: ndimage.distance_transform_edt(mask == 0, spacing[::-1])


def resample():
    """Voxel 0 on voxel 0, as many voxels as fit: SimpleITK's filter on a grid of its own, or scipy."""
    step, how = job["step"], job.get("interpolation", "linear")
    size = [int(np.floor((n - 1) * mm / step + 1e-6)) + 1 for n, mm in zip(job["size"], spacing)]
    image = volume("image.raw", "<f4")
    if job.get("library") == "scipy":
        return lambda: resampled_by_scipy(image, size, step, how)
    import SimpleITK

    smooth, grid = low_pass(image, step), SimpleITK.ResampleImageFilter()
    grid.SetSize(size)
    grid.SetOutputSpacing([step] * 3)
    grid.SetInterpolator({"linear": SimpleITK.sitkLinear, "cubic": SimpleITK.sitkBSpline, "nearest": SimpleITK.sitkNearestNeighbor}[how])
    # places that rounding puts outside are there for us
    grid.SetUseNearestNeighborExtrapolator(True)
    source = itk_image(smooth)
    return lambda: SimpleITK.GetArrayFromImage(grid.Execute(source))


def resampled_by_scipy(image, size, step, how):
    from scipy import ndimage

    places = [np.minimum(np.arange(n) * step / mm, limit - 1) for n, mm, limit in zip(size, spacing, job["size"])][::-1]
    order = {"linear": 1, "cubic": 3, "nearest": 0}[how]
    return ndimage.map_coordinates(low_pass(image, step).astype(float), np.meshgrid(*places, indexing="ij"), order=order, mode="mirror")


def low_pass(image, step):
    """The Gaussian that is asked for before a coarser grid: half of sqrt(factor^2 - 1) voxels of the source, up to 4 of it."""
    from scipy import ndimage

    if not job.get("antiAlias"):
        return image
    sigmas = [0.5 * np.sqrt(max(1, step / mm) ** 2 - 1) for mm in spacing[::-1]]
    for axis, sigma in enumerate(sigmas):
        if sigma > 0:
            image = ndimage.gaussian_filter1d(image.astype(float), sigma, axis, mode="nearest", radius=max(1, int(np.ceil(4 * sigma))))
    return image.astype("<f4")


def components():
    mask = volume("mask.raw", "u1")
    if job.get("library") == "SimpleITK":
        import SimpleITK

        image = itk_image(mask)
        return lambda: SimpleITK.GetArrayFromImage(SimpleITK.ConnectedComponent(image, job["connectivity"] == 26))
    from scipy import ndimage

    shape = ndimage.generate_binary_structure(3, 3 if job["connectivity"] == 26 else 1)
    return lambda: ndimage.label(mask, shape)[0]


def percentiles():
    image = volume("image.raw", "<f4")
    return lambda: np.percentile(image, job["percents"])


def nearest():
    """A label image on a grid of its own, by SimpleITK."""
    import SimpleITK

    image = itk_image(volume("mask.raw", "u1"))
    grid = SimpleITK.ResampleImageFilter()
    grid.SetSize(job["toSize"])
    grid.SetOutputSpacing(job["toSpacing"])
    grid.SetOutputOrigin(job["toOrigin"])
    grid.SetInterpolator(SimpleITK.sitkNearestNeighbor)
    return lambda: SimpleITK.GetArrayFromImage(grid.Execute(image))


def gaussian():
    from scipy import ndimage

    image = volume("image.raw", "<f4").astype(float)
    return lambda: ndimage.gaussian_filter(image, job["sigma"], mode="nearest", truncate=4.0)


def vesselness():
    """Frangi's measure of bright tubes, the greatest over the widths: ITK's filters one after the other, differences for the Hessian."""
    import SimpleITK

    image = itk_image(volume("image.raw", "<f4"))

    def at(sigma, gamma):
        smooth = SimpleITK.SmoothingRecursiveGaussian(image, sigma) if sigma > 0 else image
        return SimpleITK.ObjectnessMeasure(smooth, 0.5, 0.5, gamma, False, 1, True)

    def run():
        return np.max([SimpleITK.GetArrayFromImage(at(*pair)) for pair in zip(job["sigmas"], job["gammas"])], axis=0)

    return run


def sobel():
    """Each axis scaled so that a unit step gives 1, the root mean square of the three."""
    if job.get("library") == "SimpleITK":
        import SimpleITK

        # ITK scales each axis otherwise, the same for all three
        image = itk_image(volume("image.raw", "<f4"))
        return lambda: SimpleITK.GetArrayFromImage(SimpleITK.SobelEdgeDetection(image))
    from scipy import ndimage

    image = volume("image.raw", "<f4").astype(float)
    return lambda: np.sqrt(sum((ndimage.sobel(image, axis, mode="nearest") / 16) ** 2 for axis in range(3)) / 3)


def dilated():
    from scipy import ndimage

    mask = volume("mask.raw", "u1")
    return lambda: ndimage.binary_dilation(mask, ndimage.generate_binary_structure(3, job["order"]))


def eroded():
    from scipy import ndimage

    mask = volume("mask.raw", "u1")
    return lambda: ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, job["order"]), border_value=1)


def curvatures():
    """Eigenvalues of the Hessian from differences over one voxel, three a voxel, by LAPACK."""
    from scipy import ndimage

    image = volume("image.raw", "<f4").astype(float)

    def second(a, b):
        if a == b:
            return ndimage.correlate1d(image, [1, -2, 1], a, mode="nearest")
        return ndimage.correlate1d(ndimage.correlate1d(image, [-0.5, 0, 0.5], a, mode="nearest"), [-0.5, 0, 0.5], b, mode="nearest")

    def run():
        hessian = np.stack([np.stack([second(a, b) for b in (2, 1, 0)], -1) for a in (2, 1, 0)], -1)
        return np.linalg.eigvalsh(hessian)

    return run


def projection():
    """Maximum intensity projection."""
    image = volume("image.raw", "<f4")
    if job.get("library") == "SimpleITK":
        import SimpleITK

        source = itk_image(image)
        return lambda: SimpleITK.GetArrayFromImage(SimpleITK.MaximumProjection(source, job["axis"]))
    return lambda: image.max(2 - job["axis"])


kernels = {"projection": projection, "nearest": nearest, "gaussian": gaussian, "sobel": sobel, "vesselness": vesselness, "eroded": eroded, "dilated": dilated, "curvatures": curvatures,
           "n4": n4, "distance": distance, "resample": resample, "components": components, "percentiles": percentiles}
work = kernels[job["kernel"]]()
best = np.inf
for _ in range(job.get("repeats", 1)):
    started = time.process_time()
    out = work()
    best = min(best, time.process_time() - started)
np.ascontiguousarray(out, "<f4").tofile(folder / "out.raw")
print(best)
