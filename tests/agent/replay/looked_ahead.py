"""A real run that looks ahead, and whose model is mistaken."""

from pathlib import Path

from tests.agent.replay.recorded import ABOVE, Recorded, record_with
from tests.agent.test_preflight import FAILS
from tests.model.replies import say
from tests.model.server import threaded_model_server


def looked_ahead(home: Path, *actions: tuple[str, str]) -> Recorded:
    """A run of these actions; the test above is said to fail, and passes."""
    with threaded_model_server(say(FAILS)) as server:
        variables = {
            "FORETRACE_MODEL__URL": server.url,
            "FORETRACE_MODEL__RETRIES": "0",
            "FORETRACE_SIMULATE__SAMPLES": "1",
        }
        return record_with(home, variables, actions, "--test", ABOVE, "--simulate", "advise")
