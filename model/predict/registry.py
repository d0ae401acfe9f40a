"""The predictors by name. A new one is its file and a line here."""

from collections.abc import Callable, Mapping

from model.errors import ModelMisconfigured
from model.predict.chat import ChatPredictor
from model.predict.means import Means
from model.predict.predictor import Predictor
from model.predict.tokens import TokenPredictor

PREDICTORS: Mapping[str, Callable[[Means], Predictor]] = {
    TokenPredictor.name: TokenPredictor.made_from,
    ChatPredictor.name: ChatPredictor.made_from,
}


def open_predictor(name: str, means: Means) -> Predictor:
    """A predictor.

    Args:
        name: in `PREDICTORS`; or empty for the best that the means allow: CWM's tokens where the
            tokenizer has those of traces, chat elsewhere.
        means: what there is.

    Raises:
        ModelMisconfigured: there is none of that name, or not what it needs.
        TokenizerProblem: the tokenizer has no tokens for traces.
    """
    if not name:
        knows_traces = means.tokenizer is not None and means.tokenizer.has_traces
        name = TokenPredictor.name if knows_traces else ChatPredictor.name
    if name not in PREDICTORS:
        shown = " ".join(name.split())[:100]
        raise ModelMisconfigured(
            f"there is no predictor {shown!r}", f"there are: {', '.join(PREDICTORS)}"
        )
    return PREDICTORS[name](means)
