"""Upsampling that is never carried out: nearest x2, concatenation and convolution as convolutions on both grids.

A 3x3x3 convolution over a nearest-upsampled field is, for each of the eight parities of the output voxel, a convolution
on the small grid whose taps are sums of the original ones (along one axis: even w-1, w0 + w+1; odd w-1 + w0, w+1). The
eight results are interleaved. The values are the same; Resize and Concat of the large grid, which take more time and
memory than the convolution itself in onnxruntime on a CPU, are gone. No ConvTranspose, which onnxruntime lacks in 3-D.
"""

import torch
from torch import Tensor, nn

_TAPS = (
    torch.tensor([[1.0, 0, 0], [0, 1, 1], [0, 0, 0]]),
    torch.tensor([[0.0, 0, 0], [1, 1, 0], [0, 0, 1]]),
)


class UpsampledConvolution(nn.Module):
    """`convolution(cat([nearest x2 of low, skip]))` for a 3x3x3 convolution of padding 1, batch size 1 or more."""

    def __init__(self, convolution: nn.Conv3d, low_channels: int) -> None:
        super().__init__()
        weight, bias = convolution.weight.detach(), convolution.bias
        self.outputs, inputs = weight.shape[:2]
        self.skip = nn.Conv3d(inputs - low_channels, self.outputs, 3, padding=1)
        self.low = nn.Conv3d(low_channels, 8 * self.outputs, 3, padding=1, bias=False)
        parities = [
            torch.einsum("oizyx,az,by,cx->oiabc", weight[:, :low_channels], _TAPS[z], _TAPS[y], _TAPS[x])
            for x in (0, 1) for y in (0, 1) for z in (0, 1)
        ]
        self.low.weight = nn.Parameter(torch.cat(parities))
        self.skip.weight = nn.Parameter(weight[:, low_channels:].clone())
        self.skip.bias = nn.Parameter(bias.detach().clone() if bias is not None else torch.zeros(self.outputs))

    def forward(self, low: Tensor, skip: Tensor) -> Tensor:
        field = self.low(low)
        n, _, z, y, x = field.shape
        c = self.outputs
        # one axis after another: onnxruntime moves whole rows then, and single values only once
        field = field.reshape(n, 2, 2, 2, c * z * y * x).permute(0, 2, 3, 4, 1)
        field = field.reshape(n, 2, 2, c * z * y, 2 * x).permute(0, 2, 3, 1, 4)
        field = field.reshape(n, 2, c * z, 2 * y * 2 * x).permute(0, 2, 1, 3)
        return field.reshape(n, c, 2 * z, 2 * y, 2 * x) + self.skip(skip)


def unfolded(low: Tensor, skip: Tensor) -> Tensor:
    """The weight [out,in,3,3,3] that `UpsampledConvolution` was made of, from its two: taps by least squares over the parities."""
    outputs, skipped = skip.shape[:2]
    parities = low.reshape(2, 2, 2, outputs, low.shape[1], 3, 3, 3)
    inverse = torch.linalg.pinv(torch.cat(_TAPS)).reshape(3, 2, 3)
    upsampled = torch.einsum("XYZoiabc,zZa,yYb,xXc->oizyx", parities, inverse, inverse, inverse)
    return torch.cat([upsampled, skip], 1)
