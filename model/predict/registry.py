"""The predictors by name. A new one is its file and a line here."""

from collections.abc import Callable, Mapping

from model.errors import ModelMisconfigured
from model.nano.predictor import NanoPredictor
from model.predict.chat import ChatPredictor
from model.predict.means import Means
from model.predict.predictor import Predictor
from model.predict.tokens import TokenPredictor

PREDICTORS: Mapping[str, Callable[[Means], Predictor]] = {
    TokenPredictor.name: TokenPredictor.made_from,
    ChatPredictor.name: ChatPredictor.made_from,
    NanoPredictor.name: NanoPredictor.made_from,
}


def open_predictor(name: str, means: Means) -> Predictor:
    """A predictor.

    Args:
        name: in `PREDICTORS`; or empty for the best that the means allow: nano where it is loaded,
            CWM's tokens where the tokenizer has those of traces, chat elsewhere.
        means: what there is.

    Raises:
        ModelMisconfigured: there is none of that name, or not what it needs.
        TokenizerProblem: the tokenizer has no tokens for traces.
    """
    if not name:
        name = _best(means)
    if name not in PREDICTORS:
        shown = " ".join(name.split())[:100]
        raise ModelMisconfigured(
            f"there is no predictor {shown!r}", f"there are: {', '.join(PREDICTORS)}"
        )
    return PREDICTORS[name](means)


def _best(means: Means) -> str:
    if means.engine is not None:
        return NanoPredictor.name
    knows_traces = means.tokenizer is not None and means.tokenizer.has_traces
    return TokenPredictor.name if knows_traces else ChatPredictor.name
