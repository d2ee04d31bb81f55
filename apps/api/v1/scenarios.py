"""The kinds of work that a recording can be."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.types import Scope
from apps.analysis.scenarios import SCENARIOS
from apps.api.answers import json_answer
from apps.api.openapi import IF_NONE_MATCH, answers, page
from apps.api.pagination import page_body
from apps.api.v1.resources import ScenarioSerializer
from apps.api.views import ApiView


class ScenarioList(ApiView):
    required_scopes = {"GET": Scope.READ}

    @extend_schema(
        operation_id="scenarios",
        summary="List the kinds of work and their reports",
        parameters=[IF_NONE_MATCH],
        responses=answers({200: page("ScenarioPage", ScenarioSerializer), 304: None}),
    )
    def get(self, request: Request) -> HttpResponse:
        return json_answer(request, page_body(ScenarioSerializer(SCENARIOS.values(), many=True).data, None))
