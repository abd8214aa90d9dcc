"""Grad-CAM of the sequence model's logit of a slice, on the last maps of both slice networks in that slice, in closed form.

The derivative of a slice's logit S by its own features f reaches back through both stages, along the series and again, and through
the logits of the slice networks (df/dlogit = W of their heads): v = dS/df + W' dS/dlogit. The maps A have f as their means, so Grad-CAM
is relu(v . A), both networks' maps together. All of it is written out here, since ONNX has no gradient; autograd judges it in the
tests. Recurrent layers go back step by step in a scripted loop, so that the number of slices stays free.
"""

import torch
from torch import Tensor, nn

from .sequence import SPACING_UNIT_MM, SequenceModel


class SequenceMap(nn.Module):
    """features [1,2,t,2048], logits [1,2,t,6], spacing [1], slices [m,t] with a 1 in each row, maps [m,2,2048,h,w] -> map [m,6,h,w].

    `slices` says which slices are to be explained, `maps` are theirs. The model is read from below and from above, as `BothWays` reads
    it. `heads` are the weights [2,6,2048] of the slice networks' heads.
    """

    def __init__(self, model: SequenceModel, heads: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("heads", heads)
        self.gru = SingleLayers(model.gru)
        self.stack_gru = SingleLayers(model.stack_gru)

    def forward(self, features: Tensor, logits: Tensor, spacing: Tensor, slices: Tensor, maps: Tensor) -> Tensor:
        up = self.slopes(features, logits, spacing, slices)
        down = self.slopes(features.flip(2), logits.flip(2), spacing, slices.flip(1))
        v = 0.5 * (up + down)
        m, networks, k, h, w = maps.shape
        return torch.relu(torch.bmm(v, maps.reshape(m, networks * k, h * w))).reshape(m, 6, h, w)

    def slopes(self, features: Tensor, logits: Tensor, spacing: Tensor, slices: Tensor) -> Tensor:
        """How each logit of a wanted slice, of one reading, depends on the features of that slice: [m,6,2*2048]."""
        model = self.model
        reduced = [_reduce(part, features[0, k]) for k, part in enumerate(model.reduce)]
        joined = torch.cat([r[1] for r in reduced], 1)
        states = self.gru(joined)
        direct = model.direct.weight[:, :, 0]
        early = joined @ direct.T + model.direct.bias + states[-1] @ model.gru_head.weight.T + model.gru_head.bias
        metadata = (spacing / SPACING_UNIT_MM)[:, None, None, None].expand(-1, 1, logits.shape[2], 6)
        sure = torch.sigmoid(early)
        layers = [torch.cat([logits, metadata, sure[None, None]], 1)]
        for layer in model.stack:
            layers.append(layer(layers[-1]))
        flat = layers[-1].permute(0, 2, 1, 3).flatten(2)[0]
        deep_states = self.stack_gru(flat)

        own = slices.repeat_interleave(6, 0)
        wanted = own[:, :, None] * torch.eye(6).repeat(slices.shape[0], 1)[:, None]
        g = torch.conv_transpose2d(wanted[:, None], model.stack_direct.weight, padding=(1, 0))
        g_flat = self.stack_gru.back(deep_states, wanted @ model.stack_head.weight)
        g = g + g_flat.reshape(-1, g.shape[2], g.shape[1], 6).transpose(1, 2)
        for layer, out in zip(reversed(list(model.stack)), reversed(layers[1:])):
            g = _along_back(layer, g * (out > 0))
        g_logits = g[:, :2] + 0.5 * wanted[:, None]
        g_early = g[:, 3] * sure * (1 - sure)
        g_joined = g_early @ direct + self.gru.back(states, g_early @ model.gru_head.weight)
        # of each target its own slice
        at_logits = (g_logits * own[:, None, :, None]).sum(2)
        at_joined = (g_joined * own[:, :, None]).sum(1)
        parts = []
        narrow = model.reduce[0][5].out_channels
        for k, part in enumerate(model.reduce):
            wide, thin = (own @ (r > 0).to(own.dtype) for r in reduced[k])
            g_part = (at_joined[:, k * narrow : (k + 1) * narrow] * thin) @ _folded(part[5], part[6])[0][:, :, 0]
            parts.append((g_part * wide) @ _folded(part[1], part[2])[0][:, :, 0] + at_logits[:, k] @ self.heads[k])
        return torch.cat(parts, 1).reshape(-1, 6, features.shape[1] * features.shape[3])


def _reduce(part: nn.Module, features: Tensor) -> tuple[Tensor, Tensor]:
    """Both layers of a reduction on [t,2048]: after the first ReLU, after the second."""
    wide, narrow = (_folded(part[k], part[k + 1]) for k in (1, 5))  # type: ignore[index]
    first = torch.relu(features @ wide[0][:, :, 0].T + wide[1])
    return first, torch.relu(first @ narrow[0][:, :, 0].T + narrow[1])


def _folded(conv: nn.Module, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the normalisation behind it."""
    if isinstance(norm, nn.Identity):
        return conv.weight, conv.bias  # type: ignore[return-value]
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # type: ignore[operator,arg-type]
    return conv.weight * gain.reshape(-1, *[1] * (conv.weight.ndim - 1)), (conv.bias - norm.running_mean) * gain + norm.bias  # type: ignore[operator,union-attr,arg-type]


def _along_back(layer: nn.Module, g: Tensor) -> Tensor:
    conv = layer[0]  # type: ignore[index]
    return torch.conv_transpose2d(g, _folded(conv, layer[1])[0], padding=conv.padding, dilation=conv.dilation)  # type: ignore[index]


class SingleLayers(nn.Module):
    """A bidirectional GRU of two layers, one layer at a time, and the way back through it."""

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.GRU(inputs, gru.hidden_size, bidirectional=True) for inputs in (gru.input_size, 2 * gru.hidden_size))
        for k, layer in enumerate(self.layers):
            layer.load_state_dict({name: getattr(gru, name.replace("_l0", f"_l{k}")) for name in layer.state_dict()})

    def forward(self, x: Tensor) -> list[Tensor]:
        """Inputs of both layers and the output of the second, [t,...] each."""
        found = [x]
        for layer in self.layers:
            found.append(layer(found[-1][:, None])[0][:, 0])
        return found

    def back(self, states: list[Tensor], g: Tensor) -> Tensor:
        """From the slopes by the output [n,t,2h] to those by the input [n,t,...]."""
        for layer, x, out in zip(reversed(self.layers), reversed(states[:-1]), reversed(states[1:])):
            h = layer.hidden_size
            below = _gru_back(_cell(layer, "_l0"), x, out[:, :h], g[:, :, :h])
            above = _gru_back(_cell(layer, "_l0_reverse"), x.flip(0), out[:, h:].flip(0), g[:, :, h:].flip(1))
            g = below + above.flip(1)
        return g


def _cell(gru: nn.GRU, suffix: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return tuple(getattr(gru, f"{name}{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))  # type: ignore[return-value]


def _gru_back(cell: tuple[Tensor, Tensor, Tensor, Tensor], x: Tensor, out: Tensor, g: Tensor) -> Tensor:
    """One direction: x [t,i], outputs [t,h], slopes by the outputs [n,t,h] -> slopes by x [n,t,i]."""
    w_in, w_state, b_in, b_state = cell
    before = torch.cat([torch.zeros_like(out[:1]), out[:-1]])
    from_in = (x @ w_in.T + b_in).chunk(3, 1)
    from_state = (before @ w_state.T + b_state).chunk(3, 1)
    reset, update = (torch.sigmoid(from_in[k] + from_state[k]) for k in (0, 1))
    new = torch.tanh(from_in[2] + reset * from_state[2])
    # slopes of the new state by what enters the three gates
    by_new = (1 - update) * (1 - new * new)
    by_update = (before - new) * update * (1 - update)
    by_reset = by_new * from_state[2] * reset * (1 - reset)
    through = _through_time(g.transpose(0, 1), update, torch.cat([by_reset, by_update, by_new * reset], 1), w_state)
    gates = torch.cat([by_reset, by_update, by_new], 1)
    return ((through.repeat(1, 1, 3) * gates[:, None]) @ w_in).transpose(0, 1)


@torch.jit.script
def _through_time(g: Tensor, update: Tensor, gates: Tensor, w_state: Tensor) -> Tensor:
    """Slopes by each state [t,n,h], those that come back from later states included."""
    back = torch.zeros_like(g[0])
    found: list[Tensor] = []
    for step in range(g.shape[0]):
        t = g.shape[0] - 1 - step
        total = g[t] + back
        found.append(total)
        back = total * update[t] + (total.repeat(1, 3) * gates[t]) @ w_state
    return torch.stack(found).flip(0)
