"""Synthetic CT angiography: the arterial tree of the TOF phantom in the head of the non-contrast phantom, in HU."""

from .candidates import Candidate, draw_candidates
from .scan import CtaAppearance, CtaPhantom, Patient, draw_cta_appearance, draw_patient, render_cta

__all__ = ["Candidate", "CtaAppearance", "CtaPhantom", "Patient", "draw_candidates", "draw_cta_appearance", "draw_patient", "render_cta"]
