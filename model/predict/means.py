"""What predictors are made from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.client import ModelClient
from model.errors import ModelMisconfigured
from model.predict.asking import Chance
from model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from model.nano.engine import Engine


@dataclass(frozen=True, slots=True)
class Means:
    """What there is to predict with; each predictor takes what it needs.

    Attributes:
        client: of the server that has the model.
        tokenizer: the model's own.
        chance: how several samples are drawn.
        engine: of nano, where that is to predict.
    """

    client: ModelClient | None = None
    tokenizer: Tokenizer | None = None
    chance: Chance | None = None
    engine: "Engine | None" = None

    def needed_client(self) -> ModelClient:
        """The client.

        Raises:
            ModelMisconfigured: there is none.
        """
        if self.client is None:
            raise ModelMisconfigured(
                "to predict a model is needed", "name a server with --model-url, and its model"
            )
        return self.client

    def needed_tokenizer(self) -> Tokenizer:
        """The tokenizer.

        Raises:
            ModelMisconfigured: there is none.
        """
        if self.tokenizer is None:
            raise ModelMisconfigured(
                "to predict with CWM's tokens its tokenizer is needed",
                "name its tokenizer.json, or predict by chat",
            )
        return self.tokenizer
