"""The kinds of work that a recording can be."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.types import Scope
from apps.analysis.scenarios import SCENARIOS
from apps.api.answers import json_answer
from apps.api.pagination import page_body
from apps.api.v1.resources import ScenarioSerializer
from apps.api.views import ApiView


class ScenarioList(ApiView):
    """At `/api/v1/scenarios`."""

    required_scopes = {"GET": Scope.READ}

    def get(self, request: Request) -> HttpResponse:
        return json_answer(request, page_body(ScenarioSerializer(SCENARIOS.values(), many=True).data, None))
