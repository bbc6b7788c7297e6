"""How generation chooses its tokens: the settings, checked, as what a compiled loop reads."""

from dataclasses import dataclass

import numpy as np

from zoo.engine.loop import allowed_tokens, check_number, check_token, check_whole, room
from zoo.engine.sampling import uniforms


@dataclass(frozen=True)
class Settings:
    """The settings of `generate`, with the same meaning. Raises `InputError` out of range."""

    temperature: float
    top_k: int | None
    top_p: float | None
    repetition_penalty: float | None
    allowed: np.ndarray | None
    end: int | None
    seed: int
    pad: int

    def __post_init__(self):
        check_whole("seed", self.seed, least=0)
        check_whole("pad", self.pad, least=0)
        check_number("temperature", self.temperature, "0 or more", lambda x: 0 <= x < np.inf)
        if self.top_k is not None:
            check_whole("top_k", self.top_k)
        if self.top_p is not None:
            check_number("top_p", self.top_p, "a share above 0 and up to 1", lambda x: 0 < x <= 1)
        if self.repetition_penalty is not None:
            check_number(
                "repetition_penalty",
                self.repetition_penalty,
                "more than 0",
                lambda x: 0 < x < np.inf,
            )

    def options(self, batch, steps, vocabulary):
        """What the loop reads, by name: only what is asked for has a key.

        These are tensors, so another temperature or end compiles nothing anew. `top_k` is not
        among them: it is a shape.
        """
        options = {"steps": np.int32(steps), "pad": np.int32(self.pad)}
        if self.temperature > 0:
            options["temperature"] = np.float32(max(self.temperature, 1e-30))
            options["uniforms"] = uniforms(self.seed, batch, room(steps))
            if self.top_p is not None and self.top_p < 1:
                options["top_p"] = np.float32(self.top_p)
        if self.repetition_penalty is not None:
            options["repetition_penalty"] = np.float32(self.repetition_penalty)
        if self.allowed is not None:
            options["allowed"] = allowed_tokens(self.allowed, vocabulary)
        if self.end is not None:
            check_token("end", self.end, vocabulary)
            options["end"] = np.int32(self.end)
        return options
