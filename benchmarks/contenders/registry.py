"""The contenders by name. A new one is its file and a line here."""

from dataclasses import dataclass
from typing import Literal

OURS = "foretrace"


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender.

    Attributes:
        title: as it stands in tables.
        module: where its class is.
        name: the class.
        python: whose interpreter and packages it runs with.
        outside: subjects of torture checks that it does not promise anything about.
        note: what to know about it when reading its figures.
    """

    title: str
    module: str
    name: str
    python: Literal["ours", "peers"] = "ours"
    outside: frozenset[str] = frozenset()
    note: str = ""


CONTENDERS = {
    OURS: Entry(
        "Foretrace",
        "benchmarks.contenders.foretrace",
        "Foretrace",
        note="its sandbox as a run uses it, with the network off and every other default",
    ),
    "exec-sdk": Entry(
        "`docker exec`, SDK",
        "benchmarks.contenders.exec_sdk",
        "ExecSdk",
        outside=frozenset({"state"}),
        note="one `exec_run` of the docker SDK per command; it has no time-out of its own, so the"
        " caller stops waiting; it promises no state between commands",
    ),
    "exec-cli": Entry(
        "`docker exec`, command line",
        "benchmarks.contenders.exec_cli",
        "ExecCli",
        outside=frozenset({"state"}),
        note="one `docker exec` process per command, killed when the time is over; it promises no"
        " state between commands",
    ),
    "mini-swe-agent": Entry(
        "mini-swe-agent",
        "benchmarks.contenders.mini_swe_agent",
        "MiniSweAgent",
        python="peers",
        outside=frozenset({"state", "bytes", "submission"}),
        note="`DockerEnvironment` with its defaults; every command is a new shell by design, output"
        " is text, and a certain first line of output means submission",
    ),
    "swe-rex": Entry(
        "SWE-ReX",
        "benchmarks.contenders.swe_rex",
        "SweRex",
        python="peers",
        outside=frozenset({"bytes"}),
        note="`DockerDeployment` with one bash session, its server installed in the image; after a"
        " time-out the session is interrupted, as SWE-agent does; output is text of a terminal",
    ),
}
"""The contenders in the order of the tables."""
