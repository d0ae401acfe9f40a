"""One way to run a model: ``python contender.py NAME FOLDER``.

It is run by whatever Python has what it needs, and by path, so that it imports nothing of ours but
for our own way. When the model is loaded it writes a line; then it answers every line that it reads
(``{"prompts": [[...], ...], "tokens": n}``) with the seconds that so many greedy tokens took after
each of the prompts, all of them at a time.
"""

import json
import sys
import time
from collections.abc import Callable

Write = Callable[[list[list[int]], int], object]
"""Writes so many tokens after each prompt."""


def ours(folder: str) -> Write:
    """`model.nano`."""
    import asyncio
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[2]))
    from model.answer import Sampling
    from model.nano.engine import Engine

    engine = Engine.load(Path(folder))

    async def all_of(prompts: list[list[int]], tokens: int) -> object:
        sampling = Sampling(0.0, 1.0, max_tokens=tokens)
        return await asyncio.gather(*(engine.complete(each, sampling) for each in prompts))

    return lambda prompts, tokens: asyncio.run(all_of(prompts, tokens))


def transformers(folder: str) -> Write:
    """`CwmForCausalLM`, all prompts as one batch."""
    import torch
    from transformers import CwmForCausalLM

    torch.set_num_threads(1)
    model = CwmForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def write(prompts: list[list[int]], tokens: int) -> object:
        ids = torch.tensor(prompts)
        with torch.inference_mode():
            return model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=tokens,
                eos_token_id=None,
                pad_token_id=0,
            )

    return write


def vllm(folder: str) -> Write:
    """vLLM's own scheduler, in this process and without HTTP."""
    from vllm import LLM, SamplingParams  # type: ignore[import-not-found]

    model = LLM(
        model=folder,
        dtype="float32",
        enforce_eager=True,
        max_model_len=1024,
        enable_prefix_caching=False,
    )

    def write(prompts: list[list[int]], tokens: int) -> object:
        sampling = SamplingParams(temperature=0.0, max_tokens=tokens, ignore_eos=True)
        given = [{"prompt_token_ids": each} for each in prompts]
        return model.generate(given, sampling, use_tqdm=False)

    return write


CONTENDERS: dict[str, Callable[[str], Write]] = {
    "ours": ours,
    "transformers": transformers,
    "vllm": vllm,
}


def main(name: str, folder: str) -> None:
    """Load, and answer until there is nothing more to read."""
    # Libraries print; what they print is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    write = CONTENDERS[name](folder)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        started = time.perf_counter()
        write(asked["prompts"], asked["tokens"])
        print(json.dumps({"seconds": time.perf_counter() - started}), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
