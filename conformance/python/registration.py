"""Registers two head images rigidly with SimpleITK: folder with job.json, prior.raw and current.raw (float32, 1 mm grid).

Prints the move from prior to current as JSON: rotation (rows) and translation, LPS mm. Starts from the job's pose, as SimpleITK has no
search over poses of this kind.
"""

import json
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())


def image(name):
    nx, ny, nz = job["size"]
    out = sitk.GetImageFromArray(np.fromfile(folder / name, "<f4").reshape(nz, ny, nx))
    out.SetSpacing([1.0, 1.0, 1.0])
    out.SetOrigin(job["originLpsMm"])
    return sitk.SmoothingRecursiveGaussian(out, 1.0)


prior, current = image("prior.raw"), image("current.raw")
transform = sitk.Euler3DTransform()
transform.SetCenter(job["middleLpsMm"])
transform.SetRotation(*job["start"]["turn"])
transform.SetTranslation(job["start"]["shift"])

registration = sitk.ImageRegistrationMethod()
registration.SetMetricAsCorrelation()
registration.SetInterpolator(sitk.sitkLinear)
registration.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200, relaxationFactor=0.6)
registration.SetOptimizerScalesFromPhysicalShift()
registration.SetShrinkFactorsPerLevel([4, 2, 1])
registration.SetSmoothingSigmasPerLevel([2, 1, 0])
registration.SetMetricSamplingStrategy(registration.REGULAR)
# the samples are moved at random, by the clock unless a seed is given
registration.SetMetricSamplingPercentage(0.25, seed=1)
registration.SetNumberOfThreads(1)
# ITK moves points of the fixed image into the moving one: the earlier study is fixed
registration.SetInitialTransform(transform, inPlace=True)
registration.Execute(prior, current)

rotation = np.array(transform.GetMatrix()).reshape(3, 3)
centre = np.array(transform.GetCenter())
translation = np.array(transform.GetTranslation()) + centre - rotation @ centre
print(json.dumps({"rotation": rotation.tolist(), "translationMm": translation.tolist()}))
