"""Grad-CAM of the sequence model's logit of a slice, on the last maps of both slice networks in that slice, in closed form.

The derivative of a slice's logit S by its own features f reaches back through both stages, along the series and again, and through
the logits of the slice networks (df/dlogit = W of their heads): v = dS/df + W' dS/dlogit. The maps A have f as their means, so Grad-CAM
is relu(v . A), both networks' maps together. All of it is written out here, since ONNX has no gradient; autograd judges it in the
tests. Recurrent layers go back step by step in a scripted loop, so that the number of slices stays free.
"""

import torch
from torch import Tensor, nn

from .sequence import SPACING_UNIT_MM, SequenceModel


class ExplainedSequence(nn.Module):
    """features [1,2,t,2048], logits [1,2,t,6], spacing [1], maps [1,2,t,2048,h,w] -> sequence [1,t,6], map [t,6,h,w].

    The model is read from below and from above, as `BothWays` reads it. `heads` are the weights [2,6,2048] of the slice networks' heads.
    """

    def __init__(self, model: SequenceModel, heads: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("heads", heads)

    def forward(self, features: Tensor, logits: Tensor, spacing: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
        up, up_slopes = slopes(self.model, self.heads, features, logits, spacing)
        down, down_slopes = slopes(self.model, self.heads, features.flip(2), logits.flip(2), spacing)
        v = 0.5 * (up_slopes + down_slopes.flip(0))
        _, _, t, k, h, w = maps.shape
        planes = maps[0].transpose(0, 1).reshape(t, 2 * k, h * w)
        # [t,6,2k] x [t,2k,hw]
        return 0.5 * (up + down.flip(1)), torch.relu(torch.bmm(v.reshape(t, 6, 2 * k), planes)).reshape(t, 6, h, w)


def slopes(model: SequenceModel, heads: Tensor, features: Tensor, logits: Tensor, spacing: Tensor) -> tuple[Tensor, Tensor]:
    """The model's logits [1,t,6], and how each depends on the features of its own slice: [t,6,2,2048]."""
    reduced = [_reduce(part, features[0, k]) for k, part in enumerate(model.reduce)]
    joined = torch.cat([r[1] for r in reduced], 1)
    states = _bidirectional(model.gru, joined)
    direct = model.direct.weight[:, :, 0]
    early = joined @ direct.T + model.direct.bias + states[-1] @ model.gru_head.weight.T + model.gru_head.bias
    metadata = (spacing / SPACING_UNIT_MM)[:, None, None, None].expand(-1, 1, logits.shape[2], 6)
    sure = torch.sigmoid(early)
    layers = [torch.cat([logits, metadata, sure[None, None]], 1)]
    for layer in model.stack:
        layers.append(layer(layers[-1]))
    flat = layers[-1].permute(0, 2, 1, 3).flatten(2)[0]
    deep_states = _bidirectional(model.stack_gru, flat)
    head = deep_states[-1] @ model.stack_head.weight.T + model.stack_head.bias
    late = model.stack_direct(layers[-1])[:, 0] + head[None] + logits.mean(1)

    wanted, own = _each(early)
    g = torch.conv_transpose2d(wanted[:, None], model.stack_direct.weight, padding=(1, 0))
    g_flat = _bidirectional_back(model.stack_gru, deep_states, wanted @ model.stack_head.weight)
    g = g + g_flat.reshape(-1, g.shape[2], g.shape[1], 6).transpose(1, 2)
    for layer, out in zip(reversed(list(model.stack)), reversed(layers[1:])):
        g = _along_back(layer, g * (out > 0))
    g_logits = g[:, :2] + 0.5 * wanted[:, None]
    g_early = g[:, 3] * sure * (1 - sure)
    g_joined = g_early @ direct + _bidirectional_back(model.gru, states, g_early @ model.gru_head.weight)
    # of each target its own slice
    at_logits = (g_logits * own[:, None, :, None]).sum(2)
    at_joined = (g_joined * own[:, :, None]).sum(1)
    parts = []
    narrow = reduced[0][1].shape[1]
    for k, part in enumerate(model.reduce):
        wide, thin = (own @ (r > 0).to(own.dtype) for r in reduced[k])
        g_part = (at_joined[:, k * narrow : (k + 1) * narrow] * thin) @ _folded(part[5], part[6])[0][:, :, 0]
        parts.append((g_part * wide) @ _folded(part[1], part[2])[0][:, :, 0] + at_logits[:, k] @ heads[k])
    return late, torch.stack(parts, 1).reshape(-1, 6, 2, features.shape[3])


def _each(early: Tensor) -> tuple[Tensor, Tensor]:
    """One target a slice and class, slices first: which logit it is [n,t,6], and which slice [n,t]."""
    t = early.shape[0]
    slices = torch.eye(6 * t, dtype=early.dtype, device=early.device)
    wanted = slices.reshape(6 * t, t, 6)
    return wanted, wanted.sum(2)


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


def _bidirectional(gru: nn.GRU, x: Tensor) -> list[Tensor]:
    """Inputs of both layers and the output of the second, [t,...] each."""
    found = [x]
    for layer in range(2):
        single = nn.GRU(found[-1].shape[1], gru.hidden_size, bidirectional=True)
        for name, _ in single.named_parameters():
            setattr(single, name, nn.Parameter(getattr(gru, name.replace("_l0", f"_l{layer}")), requires_grad=False))
        found.append(single(found[-1][:, None])[0][:, 0])
    return found


def _bidirectional_back(gru: nn.GRU, states: list[Tensor], g: Tensor) -> Tensor:
    """From the slopes by a GRU's output [n,t,2h] to those by its input [n,t,...]."""
    h = gru.hidden_size
    for layer in (1, 0):
        x, out = states[layer], states[layer + 1]
        below = _gru_back(_cell(gru, f"_l{layer}"), x, out[:, :h], g[:, :, :h])
        above = _gru_back(_cell(gru, f"_l{layer}_reverse"), x.flip(0), out[:, h:].flip(0), g[:, :, h:].flip(1))
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
