"""The sequence model of system 002: two stages over the slices of a series, from the features and logits of both slice networks.

Stage 1 reduces each network's features with 1x1 convolutions, joins them, and gives six logits a slice from a convolution plus
a bidirectional GRU. Stage 2 sees, for each of the six classes, the logits of both networks, the slice spacing (the published
"metadata") and stage 1's probability, through a stack of convolutions along the slices, again plus a bidirectional GRU.
The layer sizes can be scaled down: fewer studies carry fewer weights.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .network import FEATURES


@dataclass(frozen=True)
class SequenceSizes:
    """Widths; the defaults are the published ones."""

    reduce: tuple[int, int] = (512, 128)
    hidden: int = 96
    stack: tuple[int, int] = (512, 256)
    dropout: float = 0.5


#: a quarter of the published widths: what a few hundred studies can fill
SMALL = SequenceSizes((128, 32), 24, (64, 32), 0.3)
#: spacing enters in units of this many mm
SPACING_UNIT_MM = 5.0
NETWORKS = 2


class SequenceModel(nn.Module):
    """features [b,2,t,2048], logits [b,2,t,6], slice spacing [b] in mm -> logits of stage 2 and of stage 1, each [b,t,6]."""

    def __init__(self, sizes: SequenceSizes = SMALL) -> None:
        super().__init__()
        wide, narrow = sizes.reduce
        self.reduce = nn.ModuleList(nn.Sequential(
            nn.Dropout(sizes.dropout), nn.Conv1d(FEATURES, wide, 1), nn.BatchNorm1d(wide), nn.ReLU(),
            nn.Dropout(sizes.dropout), nn.Conv1d(wide, narrow, 1), nn.BatchNorm1d(narrow), nn.ReLU(),
            nn.Dropout(sizes.dropout)) for _ in range(NETWORKS))
        joined = narrow * NETWORKS
        self.direct = nn.Conv1d(joined, 6, 1)
        self.gru = nn.GRU(joined, sizes.hidden, 2, batch_first=True, bidirectional=True)
        self.gru_head = nn.Linear(2 * sizes.hidden, 6)
        first, rest = sizes.stack
        # image axes: slices and classes; the filters run along the slices and are shared by the classes
        self.stack = nn.Sequential(_along(NETWORKS + 2, first, 5, 1), _along(first, rest, 3, 2), _along(rest, rest, 3, 4),
                                   _along(rest, rest, 3, 2))
        self.stack_direct = nn.Conv2d(rest, 1, (3, 1), padding=(1, 0))
        self.stack_gru = nn.GRU(rest * 6, sizes.hidden, 2, batch_first=True, bidirectional=True)
        self.stack_head = nn.Linear(2 * sizes.hidden, 6)

    def forward(self, features: Tensor, logits: Tensor, spacing: Tensor) -> tuple[Tensor, Tensor]:
        joined = torch.cat([part(features[:, k].transpose(1, 2)) for k, part in enumerate(self.reduce)], 1)
        early = self.direct(joined).transpose(1, 2) + self.gru_head(self.gru(joined.transpose(1, 2))[0])
        metadata = (spacing / SPACING_UNIT_MM)[:, None, None, None].expand(-1, 1, logits.shape[2], 6)
        planes = torch.cat([logits, metadata, torch.sigmoid(early)[:, None]], 1)
        deep = self.stack(planes)
        flat = deep.permute(0, 2, 1, 3).flatten(2)
        late = self.stack_direct(deep)[:, 0] + self.stack_head(self.stack_gru(flat)[0])
        # what the slice networks agree on goes straight through: the model learns what neighbours change
        return late + logits.mean(1), early


def _along(inputs: int, outputs: int, length: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, (length, 1), padding=((length - 1) // 2 * dilation, 0), dilation=(dilation, 1)),
                         nn.BatchNorm2d(outputs), nn.ReLU())
