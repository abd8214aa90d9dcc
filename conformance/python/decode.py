"""Writes the decoded pixels of a file, all frames, samples interleaved."""

import sys

import pydicom

dataset = pydicom.dcmread(sys.argv[1])
dataset.pixel_array_options(decoding_plugin="pillow")
with open(sys.argv[2], "wb") as out:
    out.write(dataset.pixel_array.tobytes())
