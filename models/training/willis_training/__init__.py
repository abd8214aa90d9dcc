"""The Willis training kit: phantoms, networks, bundles. One command line: python -m willis_training."""

__version__ = "0.2.0"
