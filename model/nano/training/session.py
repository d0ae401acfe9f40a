"""The training of nano: phases, optimisers, checkpoints, and the curve of its loss.

The rate goes up, stays, and comes down to nothing at the end (warm-up, stable, decay), so that a
training can be lengthened from any checkpoint of its stable part. Matrices within the layers are
trained with Muon, which orthogonalises their steps; the embedding and the norms with AdamW.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor
from torch.nn import functional

from model.nano.training.batches import Batch, batches
from model.nano.training.examples import Examples
from model.nano.training.network import Network, Shape
from model.nano.training.renaming import Renaming

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a training.

    Attributes:
        name: of it.
        share: of all tokens.
        longest: examples of more tokens are left out.
        sources: how much the tokens of the source count, beside 1 for those of the trace.
    """

    name: str
    share: float
    longest: int
    sources: float


PHASES = (
    Phase("code", 0.04, 256, 1.0),
    Phase("short traces", 0.16, 256, 0.05),
    Phase("traces", 0.70, 640, 0.02),
    Phase("long traces", 0.10, 1536, 0.02),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a training goes.

    Attributes:
        tokens: that it sees in all.
        batch: tokens in a step.
        rate: of Muon, at its highest.
        small_rate: of AdamW.
        warm: share of the tokens over which the rates go up.
        decay: share of the tokens over which they come down.
        weight_decay: of the matrices.
        seed: of the weights and the order.
        phases: one after the other.
    """

    tokens: int = 50_000_000
    batch: int = 6_144
    rate: float = 0.012
    small_rate: float = 0.003
    warm: float = 0.01
    decay: float = 0.55
    weight_decay: float = 0.02
    seed: int = 0
    phases: tuple[Phase, ...] = PHASES

    def scale(self, done: int) -> float:
        """Of the rates, when so many tokens are done."""
        part = done / self.tokens
        return max(0.0, min(1.0, part / self.warm + 0.01, (1 - part) / self.decay))

    def phase(self, done: int) -> Phase:
        """That which is on when so many tokens are done."""
        end = 0.0
        for phase in self.phases:
            end += phase.share
            if done < end * self.tokens:
                return phase
        return self.phases[-1]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a network does on examples it was not trained on, every token told from the right ones.

    A greedy answer is right as a whole exactly when every token of it is told rightly so.

    Attributes:
        loss: of the tokens to be written, in nats.
        tokens: share told rightly.
        frames: share of the frames with every token right.
        wholes: share of the examples with every token right.
    """

    loss: float
    tokens: float
    frames: float
    wholes: float


class Training:
    """One training, gone on with from its checkpoint where there is one.

    Args:
        folder: of its checkpoint and its curve.
        recipe: how it goes; the sizes of a checkpoint that is there must be the same.
        shape: of the network.
        train: examples.
        valid: others, to measure with.
        pad: the token that fills up.
        frame_end: the token that ends a frame.
        renaming: exchanges names of the examples that it learns from.
        device: that computes: ``cpu``, ``cuda``, or what else torch knows. A checkpoint goes on on
            any.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        shape: Shape,
        train: Examples,
        valid: Examples,
        *,
        pad: int,
        frame_end: int,
        renaming: Renaming | None = None,
        device: str = "cpu",
    ) -> None:
        self.folder, self.recipe, self.shape = folder, recipe, shape
        self.train, self.valid = train, valid
        self._pad, self._frame_end, self._renaming = pad, frame_end, renaming
        torch.manual_seed(recipe.seed)
        self.device = torch.device(device)
        # Drawn by the processor wherever it is trained, so that a seed means the same weights.
        self.network = Network(shape).to(self.device)
        self._optimisers = _optimisers(self.network, recipe)
        self.done, self.steps, self.epoch, self._taken = 0, 0, 0, 0
        self._phase = recipe.phases[0].name
        if (folder / "checkpoint.pt").is_file():
            self._restore()

    def run(self, progress: Progress, every: int = 200, minutes: float | None = None) -> None:
        """Train until the recipe's tokens are done.

        Args:
            progress: gets a line now and then.
            every: steps between measures and checkpoints.
            minutes: stop after these; what is done is kept.
        """
        began, seen = time.monotonic(), 0
        losses: list[float] = []
        for batch in self._batches():
            losses.append(self._step(batch))
            seen += batch.tokens
            late = minutes is not None and time.monotonic() - began > minutes * 60
            over = self.done >= self.recipe.tokens
            if self.steps % every == 0 or late or over:
                seconds = time.monotonic() - began
                self._tell(progress, sum(losses) / len(losses), seen / seconds)
                losses = []
                self.save()
            if late or over:
                return

    def _batches(self) -> Iterator[Batch]:
        while True:
            phase = self.recipe.phase(self.done)
            if phase.name != self._phase:
                self._phase, self._taken = phase.name, 0
            order = self.recipe.seed * 1000 + self.epoch
            found = batches(
                self.train, self.recipe.batch, self._pad, order, phase.longest, self._renaming
            )
            for number, batch in enumerate(found):
                if number < self._taken:
                    continue
                if self.recipe.phase(self.done) != phase:
                    break
                self._taken += 1
                yield batch
            self.epoch, self._taken = self.epoch + 1, 0

    def _step(self, batch: Batch) -> float:
        scale = self.recipe.scale(self.done)
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["highest"] * scale
        loss, of_traces = self._loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.done += batch.tokens
        self.steps += 1
        return of_traces

    def _loss(self, batch: Batch) -> tuple[Tensor, float]:
        sources = self.recipe.phase(self.done).sources
        targets = batch.ids[:, 1:]
        weights = numpy.where(batch.wanted[:, 1:], 1.0, sources) * (targets != self._pad)
        logits, right, at = self._told(batch, weights > 0)
        each = functional.cross_entropy(logits, right, reduction="none")
        weight = torch.from_numpy(weights.reshape(-1).astype(numpy.float32)).to(self.device)[at]
        wanted = weight == 1
        of_traces = float(each.detach()[wanted].mean()) if bool(wanted.any()) else 0.0
        return (each * weight).sum() / weight.sum(), of_traces

    def _told(
        self, batch: Batch, chosen: "numpy.typing.NDArray[numpy.bool_]"
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The logits at the chosen targets, what is right there, and their flat places."""
        ids = torch.from_numpy(batch.ids).to(self.device)
        at = torch.from_numpy(chosen.reshape(-1).nonzero()[0]).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=_has_bfloat16(self.device)):
            logits = self.network(ids[:, :-1], at)
        return logits.float(), ids[:, 1:].reshape(-1)[at], at

    def measure(self, most: int = 400) -> Measured:
        """How the network does on the examples that it does not see.

        Args:
            most: examples, spread over all.
        """
        spread = numpy.linspace(0, len(self.valid) - 1, min(most, len(self.valid))).astype(int)
        chosen = _some(self.valid, sorted(set(spread.tolist())))
        told = _Told(self._frame_end)
        with torch.no_grad():
            for batch in batches(chosen, self.recipe.batch, self._pad, 0):
                logits, right, _ = self._told(batch, batch.wanted[:, 1:])
                told.add(batch, logits, right)
        return told.measured()

    def save(self) -> None:
        """Keep everything that going on needs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
            "shape": asdict(self.shape),
            "done": self.done,
            "steps": self.steps,
            "epoch": self.epoch,
            "taken": self._taken,
            "phase": self._phase,
        }
        part = self.folder / "checkpoint.part"
        torch.save(state, part)
        part.replace(self.folder / "checkpoint.pt")

    def _restore(self) -> None:
        path = self.folder / "checkpoint.pt"
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["shape"] != asdict(self.shape):
            raise ValueError(f"{self.folder} holds a network of other sizes: {state['shape']}")
        self.network.load_state_dict(state["network"])
        for optimiser, kept in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.done, self.steps, self.epoch = state["done"], state["steps"], state["epoch"]
        self._taken, self._phase = state["taken"], state["phase"]

    def _tell(self, progress: Progress, loss: float, speed: float) -> None:
        found = self.measure()
        line = {
            "tokens": self.done,
            "steps": self.steps,
            "phase": self._phase,
            "train_loss": round(loss, 5),
            "tokens_per_second": round(speed),
            **{name: round(value, 5) for name, value in asdict(found).items()},
        }
        # The name of the share of tokens told rightly would be that of the tokens done.
        line["tokens"], line["tokens_right"] = self.done, round(found.tokens, 5)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "curve.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        progress(
            f"{self.done / 1e6:.1f}M tokens, {self._phase}: loss {loss:.3f}, held out "
            f"{found.loss:.3f}; frames right {found.frames:.1%}, whole answers {found.wholes:.1%}; "
            f"{speed:,.0f} tokens/s"
        )


class _Told:
    """Sums up what a network told rightly.

    Args:
        frame_end: the token that ends a frame.
    """

    def __init__(self, frame_end: int) -> None:
        self._frame_end = frame_end
        self._loss = 0.0
        self._tokens, self._frames, self._wholes = [0, 0], [0, 0], [0, 0]

    def add(self, batch: Batch, logits: Tensor, right: Tensor) -> None:
        """A batch: the logits where something was to be written, and what."""
        wanted = batch.wanted[:, 1:]
        self._loss += float(functional.cross_entropy(logits, right, reduction="sum"))
        hits = numpy.ones(wanted.shape, numpy.bool_)
        hits[wanted] = (logits.argmax(-1) == right).cpu().numpy()
        _count(self._tokens, hits[wanted].tolist())
        _count(self._wholes, [bool(row.all()) for row in hits])
        for row in range(len(hits)):
            ids = batch.ids[row, 1:]
            _count(self._frames, _frames_right(ids, wanted[row], hits[row], self._frame_end))

    def measured(self) -> Measured:
        """All of them together."""
        shares = [good / max(of, 1) for good, of in (self._tokens, self._frames, self._wholes)]
        return Measured(self._loss / max(self._tokens[1], 1), *shares)


def _count(into: list[int], found: list[bool]) -> None:
    into[0] += sum(found)
    into[1] += len(found)


def _optimisers(network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, weight in network.named_parameters():
        (matrices if weight.ndim == 2 and "embed" not in name else others).append(weight)
    muon = torch.optim.Muon(
        matrices, lr=recipe.rate, momentum=0.95, weight_decay=recipe.weight_decay
    )
    adam = torch.optim.AdamW(
        others, lr=recipe.small_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )
    for optimiser in (muon, adam):
        for group in optimiser.param_groups:
            group["highest"] = group["lr"]
    return [muon, adam]


def _some(examples: Examples, numbers: list[int]) -> Examples:
    parts = [examples.ids[examples.starts[n] : examples.starts[n + 1]] for n in numbers]
    starts = numpy.array([0, *map(len, parts)], numpy.int64).cumsum()
    return replace(
        examples, ids=numpy.concatenate(parts), starts=starts, prompts=examples.prompts[numbers]
    )


def _frames_right(
    ids: "numpy.typing.NDArray[numpy.int64]",
    wanted: "numpy.typing.NDArray[numpy.bool_]",
    hits: "numpy.typing.NDArray[numpy.bool_]",
    frame_end: int,
) -> list[bool]:
    """For each whole frame that was to be written, whether every token of it is right."""
    found: list[bool] = []
    good = True
    for id_, asked, hit in zip(ids.tolist(), wanted.tolist(), hits.tolist(), strict=True):
        if not asked:
            continue
        good = good and hit
        if id_ == frame_end:
            found.append(good)
            good = True
    return found


def best_device() -> str:
    """Where training is fastest: a GPU, where torch has one that it can use, else the processor."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def _has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself; it is many times slower where not."""
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return device.type == "cuda" and bool(torch.cuda.is_bf16_supported(including_emulation=False))
