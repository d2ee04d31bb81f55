"""The kinds of work: what each recording is, and which reports are written about it.

A report names the scenario's version, so a change to the report types of a scenario is a new version of it.
"""

from dataclasses import dataclass
from types import MappingProxyType

from apps.analysis.errors import UnknownScenarioError


@dataclass(frozen=True, slots=True)
class ReportType:
    key: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Scenario:
    key: str
    version: int
    title: str
    description: str
    report_types: tuple[ReportType, ...]

    def report_type(self, key: str) -> ReportType:
        """Return one of its report types; KeyError where it has none of that key."""
        return {one.key: one for one in self.report_types}[key]


SUMMARY = ReportType(
    key="summary",
    title="Summary",
    description="The most telling sentences as they were said, and the key phrases.",
)
CONVERSATION = ReportType(
    key="conversation",
    title="Conversation",
    description="How the talk went: who spoke how long and how fast, the pauses, the questions asked.",
)

SCENARIOS = MappingProxyType(
    {
        scenario.key: scenario
        for scenario in (
            Scenario("general", 1, "General", "Any recording of speech.", (SUMMARY,)),
            Scenario(
                "interview", 1, "Interview", "An employee asks a guest or client in depth.", (SUMMARY, CONVERSATION)
            ),
            Scenario("design_audit", 1, "Design audit", "An employee dictates what a place is like.", (SUMMARY,)),
            Scenario("call", 1, "Call", "A telephone call with a client.", (SUMMARY, CONVERSATION)),
            Scenario("meeting", 1, "Meeting", "Several people discuss and decide.", (SUMMARY, CONVERSATION)),
        )
    }
)
DEFAULT_SCENARIO = "general"


def scenario_get(key: str) -> Scenario:
    """Return the scenario of that key. Raises UnknownScenarioError."""
    try:
        return SCENARIOS[key]
    except KeyError as error:
        known = " ".join(SCENARIOS)
        raise UnknownScenarioError(f"Known scenarios: {known}.", param="scenario") from error
