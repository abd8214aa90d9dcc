"""Public data sets and a site's own data, each in its published layout, as one kind of case; bad input is refused by name."""

from .case import Case, Point, Volume, require_split, validate
from .dicom_folder import Series, read_series
from .haemorrhage_sets import read_cq500, read_ct_ich, read_rsna_2019
from .nifti_sets import read_adam, read_large_ia, read_lausanne
from .refusal import Refusal
from .rsna_2025 import SITES_2025, read_rsna_2025
from .site import read_site

READERS = {"adam": read_adam, "rsna-2025": read_rsna_2025, "ds003949": read_lausanne, "large-ia": read_large_ia, "rsna-2019": read_rsna_2019,
           "cq500": read_cq500, "ct-ich": read_ct_ich, "site": read_site}

__all__ = ["READERS", "SITES_2025", "Case", "Point", "Refusal", "Series", "Volume", "read_adam", "read_cq500", "read_ct_ich", "read_large_ia",
           "read_lausanne", "read_rsna_2019", "read_rsna_2025", "read_series", "read_site", "require_split", "validate"]
