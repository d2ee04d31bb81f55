import pytest

from apps.analysis.errors import UnknownScenarioError
from apps.analysis.scenarios import DEFAULT_SCENARIO, SCENARIOS, scenario_get


def test_the_scenarios_and_their_reports_are_those_of_the_contract():
    assert {key: [one.key for one in scenario.report_types] for key, scenario in SCENARIOS.items()} == {
        "general": ["summary"],
        "interview": ["summary", "conversation"],
        "design_audit": ["summary"],
        "call": ["summary", "conversation"],
        "meeting": ["summary", "conversation"],
    }
    assert DEFAULT_SCENARIO in SCENARIOS


def test_a_scenario_is_known_by_its_key():
    assert scenario_get("call").report_type("conversation").title == "Conversation"


@pytest.mark.parametrize("key", ["", "Call", "podcast"])
def test_an_unknown_scenario_says_which_are_known(key):
    with pytest.raises(UnknownScenarioError) as raised:
        scenario_get(key)

    error = raised.value
    assert (error.code, error.status, error.param) == ("unknown_scenario", 422, "scenario")
    assert "design_audit" in error.detail
