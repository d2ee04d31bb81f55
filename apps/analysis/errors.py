"""What can go wrong with an analysis."""

from apps.core.errors import UserError


class UnknownScenarioError(UserError):
    code = "unknown_scenario"
    title = "There is no such scenario"


class ReportNotFoundError(UserError):
    code = "report_not_found"
    title = "There is no such report"
    status = 404
