"""Makes a tiny CWM with random weights: ``python tinycwm.py FOLDER VOCABULARY``.

It is run by the Python that vLLM is installed with, which has torch and transformers.
"""

import sys


def main(folder: str, vocabulary: int) -> None:
    import torch
    from transformers import CwmConfig, CwmForCausalLM

    torch.manual_seed(1)
    first = vocabulary - 256
    config = CwmConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        sliding_window=64,
        max_position_embeddings=131_072,
        bos_token_id=first,
        eos_token_id=first + 1,  # alone: the other stop tokens are ours to tell the server
        pad_token_id=first + 4,
        tie_word_embeddings=False,
    )
    CwmForCausalLM(config).save_pretrained(folder)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
