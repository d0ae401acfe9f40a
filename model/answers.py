"""The answers to one request, each put together from its part of the events."""

from model.answer import Completion, Sampling
from model.assembly import Assembly
from model.events import Event, Usage, read_usage
from model.prices import Prices, TokenUsage


class Answers:
    """One answer or several, as they come in.

    Args:
        sampling: what was asked, the same of all.
        count: answers asked for.
        cut_stops: whether to end at a stop text ourselves, because the server cannot.
    """

    def __init__(self, sampling: Sampling, count: int, *, cut_stops: bool = False) -> None:
        self._all = [Assembly(sampling, cut_stops=cut_stops) for _ in range(count)]
        self._begun: set[int] = set()
        self._usage: Usage | None = None

    @property
    def finished(self) -> bool:
        """Whether all of them ended."""
        return all(each.finish is not None for each in self._all)

    @property
    def complete(self) -> bool:
        """Whether those that began ended; a server may give fewer than were asked for."""
        begun = [self._all[index] for index in self._begun]
        return bool(begun) and all(each.finish is not None for each in begun)

    @property
    def enough(self) -> bool:
        """Whether the rest of the stream is of no interest."""
        return self.finished and any(each.enough for each in self._all)

    def add(self, event: Event) -> list[tuple[int, str, str]]:
        """Take an event in.

        Returns:
            What it added: the number of an answer, text, and reasoning.

        Raises:
            ServerFailed: the server says that it gave an answer up.
        """
        if event.usage is not None:
            self._usage = read_usage(event.usage) or self._usage
        news: list[tuple[int, str, str]] = []
        for choice in event.choices or ():
            if 0 <= choice.index < len(self._all):
                self._begun.add(choice.index)
                news.append((choice.index, *self._all[choice.index].take(choice)))
        return news

    def end(self) -> None:
        """The stream said that it is complete, if perhaps not why."""
        for index in self._begun or {0}:
            self._begun.add(index)
            self._all[index].end()

    def completions(
        self, prices: Prices | None, prompt_tokens: int, seconds: float
    ) -> list[Completion]:
        """Those that came.

        Args:
            prices: of tokens; None when unknown.
            prompt_tokens: our own count, for servers that do not count; 0 when we cannot.
            seconds: they took together.
        """
        came = [self._all[index] for index in sorted(self._begun)]
        usages = self._shared([each.tokens for each in came], prompt_tokens)
        costs = [prices.cost(usage) if prices else None for usage in usages]
        if self._usage is not None and self._usage.cost is not None:
            costs = [self._usage.cost, *[0.0] * (len(came) - 1)]
        parts = zip(came, usages, costs, strict=True)
        return [each.completion(usage, cost, seconds) for each, usage, cost in parts]

    def _shared(self, written: list[int], prompt_tokens: int) -> list[TokenUsage]:
        """Each answer's tokens, which add up to what the server counted.

        The prompt was read once, so that the first answer has all of it. Generated tokens are
        counted by us, and the first answer has what the server knows of beyond that.
        """
        if self._usage is None:
            prompts = [prompt_tokens, *[0] * (len(written) - 1)]
            counts = zip(prompts, written, strict=True)
            return [TokenUsage(read, 0, wrote, counted=False) for read, wrote in counts]
        left, others = self._usage.completion_tokens, list[TokenUsage]()
        for mine in written[1:]:
            others.append(TokenUsage(output=min(mine, left)))
            left -= others[-1].output
        details = self._usage.prompt_tokens_details
        cached = (details.cached_tokens or 0) if details else 0
        read = self._usage.prompt_tokens
        return [TokenUsage(read, min(cached, read), left), *others]
