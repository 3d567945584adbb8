"""Text to vectors: the built-in model, which ships in a Python wheel and needs neither key nor network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

DIMENSIONS = 256


class Embedder(Protocol):
    """Makes one unit vector of each text."""

    provider: str
    model: str

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32, one row of DIMENSIONS a text, each of length 1 (or 0 for a text without any known token)."""
        ...


class BuiltIn:
    """WordLlama's 256-dimensional model: averaged token vectors, thousands of passages a second on one core."""

    provider = "built-in"
    model = "wordllama-l2-supercat-256"

    def __init__(self) -> None:
        # Threads of the tokenizer don't survive the fork of the API's processes.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import wordllama  # noqa: PLC0415 - takes half a second, which not every command should pay

        # Without cache_dir it looks at the network before it looks into its own package.
        package = Path(wordllama.__file__).parent
        self._model = wordllama.WordLlama.load(cache_dir=package, disable_download=True)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """See Embedder."""
        import numpy as np  # noqa: PLC0415

        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        raw = self._model.embed(list(texts), norm=False)
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        return (raw / np.where(lengths == 0, 1, lengths)).astype(np.float32)


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """This process's model, loaded once."""
    return BuiltIn()
