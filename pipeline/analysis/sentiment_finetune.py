"""Fine-tune the sentence encoder for sentiment (微调): torch, on two cores, a small Chinese language model as the start.

Two answers are learned at once from what the encoder makes of a text: the class of every row, and which of six feelings its
annotators chose where they were asked. Only the first is shipped. Kept: an exponential average of the weights, which errs
less than the last step's. Needs the `train` extra (torch, onnx); inference (`encoder.py`) needs onnxruntime alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.analysis.features import normalise, without_emoticons
from pipeline.analysis.sentiment_base import HEADS, LAYERS, PEAK, WIDTH, Base
from pipeline.analysis.sentiment_sets import FEELINGS, Labelled

BATCH = 48
SORTED = 4096  # rows that are sorted by length before they are cut into batches
SMOOTHED = 0.05  # of a label given to the other classes
FEELING_SHARE = 0.5  # of the loss
BOUND = 1.0  # of the gradient

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    passes: float = 2.0
    rate: float = 1e-4
    head_rate: float = 5.0  # times the rate
    warm_up: float = 0.08  # share of the steps
    decay: float = 0.02
    average: float = 0.998
    left_out: float = 0.1  # dropout
    plain_share: float = 0.1  # rows shown without their emoticons
    seed: int = 0


class Network(nn.Module):
    """The transformer with two heads; parameters by the names that `sentiment_network` reads."""

    def __init__(self, base: Base, left_out: float) -> None:
        super().__init__()
        self.w = nn.ParameterDict({name: nn.Parameter(torch.tensor(value)) for name, value in base.weights.items()})
        self.left_out = left_out
        self.head, self.feeling = nn.Linear(3 * WIDTH, 3), nn.Linear(3 * WIDTH, len(FEELINGS))
        for head in (self.head, self.feeling):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B, 3] and of the feelings [B, 6], of padded ids [B, L] and their mask (1 where there is a piece)."""
        x = self._drop(self._normed(self.w["table"][ids] + self.w["places"][: ids.shape[1]], "table"))
        there = mask[:, None, None, :].bool()
        for k in range(LAYERS):
            x = self._layer(x, there, f"{k}_")
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        peak = x.masked_fill(mask[..., None] == 0, -1e4).amax(1) * PEAK
        pooled = functional.dropout(torch.cat([x[:, 0], mean, peak], -1), 2 * self.left_out, self.training)
        return self.head(pooled), self.feeling(pooled)

    def _layer(self, x: Tensor, there: Tensor, k: str) -> Tensor:
        rows, length, _ = x.shape
        asked = self._linear(x, f"{k}asking").view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=there)
        heard = self._linear(heard.transpose(1, 2).reshape(rows, length, WIDTH), f"{k}heard")
        x = self._normed(x + self._drop(heard), f"{k}heard")
        inner = functional.gelu(self._linear(x, f"{k}inner"))
        return self._normed(x + self._drop(self._linear(inner, f"{k}outer")), f"{k}outer")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self.w[name], self.w[f"{name}_bias"])

    def _normed(self, x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, (WIDTH,), self.w[f"{name}_gain"], self.w[f"{name}_shift"], 1e-12)

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.left_out, self.training)

    def named(self) -> dict[str, Floats]:
        """The weights that `sentiment_network` stores."""
        own = {name: value.detach().numpy().copy() for name, value in self.w.items()}
        return own | {"head": self.head.weight.detach().numpy(), "head_bias": self.head.bias.detach().numpy()}


class Tuner:
    """One fine-tuning run: the start, the rows, and the steps over them."""

    def __init__(
        self, rows: Sequence[Labelled], recipe: Recipe, base: Base, repeat: Sequence[int] | None = None
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.network = Network(base, recipe.left_out)
        self._pieces = base.pieces
        self.ids = [self._pieces.ids(normalise(row.text)) for row in rows]
        self.plain = [self._pieces.ids(normalise(without_emoticons(row.text))) for row in rows]
        self.labels = torch.tensor([row.label for row in rows])
        self.two_class = torch.tensor([row.two_class for row in rows])
        self.feelings = torch.tensor([-1 if row.feeling is None else row.feeling for row in rows])
        self.index = np.repeat(np.arange(len(rows)), repeat if repeat is not None else 1)
        count = torch.bincount(self.labels[self.index], minlength=3).clamp(min=1)
        self._balance = (count.sum() / (3 * count)) ** 0.5  # rarer classes count more

    def run(self, report: Callable[[str], None]) -> dict[str, Floats]:
        """Train; the network holds the averaged weights afterwards, which are returned."""
        recipe, network = self.recipe, self.network
        steps = max(1, int(recipe.passes * len(self.index) / BATCH))
        optimiser = self._optimiser()
        own = list(network.parameters())
        average = [one.detach().clone() for one in own]
        network.train()
        started, losses = time.monotonic(), []
        for number, batch in enumerate(self.batches(steps), 1):
            warm, left = number / (recipe.warm_up * steps), max(0.02, 1 - number / steps)
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * group["times"] * min(warm, 1) * left
            loss = self._loss(batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(own, BOUND)
            optimiser.step()
            keep = min(recipe.average, number / (9 + number))
            with torch.no_grad():
                torch._foreach_lerp_(average, [one.detach() for one in own], 1 - keep)
            losses.append(float(loss.detach()))
            if number % 100 == 0:
                rate = number * BATCH / (time.monotonic() - started)
                report(f"step {number}/{steps} loss {np.mean(losses[-100:]):.3f} {rate:.0f} rows/s")
        with torch.no_grad():
            for one, mean in zip(own, average, strict=True):
                one.copy_(mean)
        return network.named()

    def _optimiser(self) -> torch.optim.Optimizer:
        """AdamW; no decay of gains and biases, a higher rate for the new heads."""
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, one in self.network.named_parameters():
            times = 1.0 if name.startswith("w.") else self.recipe.head_rate
            groups.setdefault((self.recipe.decay if one.dim() > 1 else 0.0, times), []).append(one)
        stated = [{"params": own, "weight_decay": decay, "times": times} for (decay, times), own in groups.items()]
        return torch.optim.AdamW(stated, lr=self.recipe.rate, betas=(0.9, 0.98), fused=True)

    def _loss(self, batch: Sequence[tuple[int, bool]]) -> Tensor:
        index = torch.tensor([row for row, _ in batch])
        said, felt = self.network(*padded([self.ids[row] if whole else self.plain[row] for row, whole in batch]))
        closed = self.two_class[index, None] & torch.tensor([False, True, False])
        logs = functional.log_softmax(said.masked_fill(closed, -1e4), -1)
        label = self.labels[index]
        aims = functional.one_hot(label, 3) * (1 - SMOOTHED) + SMOOTHED / 3
        each = -(aims.masked_fill(closed, 0) * logs).sum(-1) * self._balance[label]
        feeling = self.feelings[index]
        if not bool((feeling >= 0).any()):
            return each.mean()
        asked = functional.cross_entropy(felt, feeling, ignore_index=-1, reduction="sum", label_smoothing=SMOOTHED)
        return each.mean() + FEELING_SHARE * asked / len(batch)

    def batches(self, steps: int) -> Iterator[list[tuple[int, bool]]]:
        """Batches of rows of about one length, reshuffled every pass: (row, with its emoticons?)."""
        random, done = np.random.RandomState(self.recipe.seed + 1), 0
        size = np.array([len(ids) for ids in self.ids])
        while done < steps:
            parts = np.array_split(random.permutation(self.index), max(1, len(self.index) // SORTED))
            order = np.concatenate([part[np.argsort(size[part], kind="stable")] for part in parts])
            starts = random.permutation(np.arange(0, max(1, len(order) - BATCH + 1), BATCH))
            for start in starts[: steps - done]:
                rows = order[start : start + BATCH]
                whole = random.random_sample(len(rows)) >= self.recipe.plain_share
                yield list(zip(rows.tolist(), whole.tolist(), strict=True))
                done += 1

    def logits(self, texts: Sequence[str]) -> Floats:
        """Logits of other texts as the network now is, for measuring [n, 3]."""
        self.network.eval()
        ids = [self._pieces.ids(normalise(text)) for text in texts]
        order, out = np.argsort([len(one) for one in ids], kind="stable"), np.zeros((len(ids), 3), dtype=np.float32)
        with torch.no_grad():
            for start in range(0, len(order), BATCH):
                part = order[start : start + BATCH]
                out[part] = self.network(*padded([ids[k] for k in part]))[0].numpy()
        return out


def padded(batch: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids [B, L] and where there is one."""
    length = max(map(len, batch))
    ids, mask = torch.zeros(len(batch), length, dtype=torch.long), torch.zeros(len(batch), length)
    for k, one in enumerate(batch):
        ids[k, : len(one)] = torch.tensor(one)
        mask[k, : len(one)] = 1
    return ids, mask
